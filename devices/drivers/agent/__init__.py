"""Devices behind an agent: a program of a vendor that connects to us and speaks our wire."""
