"""What a face is made of: grids of points in centimetres, and the meshes around the head."""
