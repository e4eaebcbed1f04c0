"""Matchers of others: an agency's own network in the place of the one that ships.

A matcher is an ONNX file or a Python entry point, each with a model card. Reading order: `card`
(what a matcher says of itself), `examination` (a graph is judged without being run), `trial` and
`examiner` (then it is run, apart), `store` (where installed ones lie), `loading` (which of them a
kiosk runs: those that it names with their hash), `engine` and `pipeline` (a loaded one),
`calibration` (error rates and thresholds on labelled pictures), `standard` (whom a production
profile has to name).
"""
