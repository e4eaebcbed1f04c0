"""The scenario book: travelers, what goes wrong, and what the kiosk must answer."""
