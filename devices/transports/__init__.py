"""Connections on which drivers speak, apart from what is said on them."""
