"""What a face is painted with: skin, eyes, lips, brows, hair, in linear light."""
