"""A folder as a lane: dropped files are documents and faces, results come back as files."""
