"""Sessions: one traveler, from the document to the answer."""
