"""A camera that OpenCV can read, in a worker process that can be killed."""
