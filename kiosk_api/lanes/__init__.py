"""Lanes: device events drive sessions, and answers go back to lamps, screens and printers."""
