"""The pure heart: standard library only, no clock, no I/O.

Read in this order: `evidence`, `session`, `policy`, `reasons`, `rules/`, `decision`, `codec`.
"""
