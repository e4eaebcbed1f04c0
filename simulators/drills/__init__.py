"""Drills and benchmarks: a real service under load, with its parts killed or hung."""
