"""Evaluations of the product on fictitious people: `kiosk evaluate …`."""
