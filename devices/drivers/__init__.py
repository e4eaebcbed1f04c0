"""Drivers: one folder each, holding its wire, its driver and its spec."""
