"""Between a model and the wire that its maker would speak."""
