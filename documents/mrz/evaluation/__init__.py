"""How well machine-readable zones are read: the truth about pictures, and counting against it."""
