"""From a picture of a page to the lines of its machine-readable zone."""
