"""What runs a simulator in real time on a real connection."""
