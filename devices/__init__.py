"""The hardware abstraction layer: capabilities as protocols, readings with their origin.

Read in this order: `readings`, `commands`, `events`, `errors`, `lifecycle`, `protocols`, then
`supervisor` (what a lane has at this moment) and `gateway` (how a vendor's agent connects).
Nothing here knows what a reading means: `documents` and `biometrics` do.
"""
