"""Processes for native code that may hang, crash or be broken into by what it decodes.

A thread in C cannot be stopped, a process can: `process` is our side of one, `child` is its own,
`frames` is what they say to each other.
"""
