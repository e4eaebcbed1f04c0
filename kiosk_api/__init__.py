"""The service at a kiosk: device events in, a journaled ADMIT or REFER out, inside a budget."""
