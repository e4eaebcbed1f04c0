"""Face: a picture goes in, measured results come out.

Nothing here decides about a traveler. Reading order: `results` (what can come out),
`pictures` (untrusted bytes), `protocols` and `engines` (detection to template), `quality`
(one measure a file), `matching` (distance against a threshold), `pipeline` (all of it under a
deadline), `evaluation` (the error rates on labelled pictures).
"""
