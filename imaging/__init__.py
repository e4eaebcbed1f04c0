"""Pictures: untrusted bytes go in, pixels come out, or the reason why not.

A base of its own, below `documents` and `biometrics`, because both get pictures from strangers and
do not know each other. Reading order: `results` (what can come out), `pictures` (how).
"""
