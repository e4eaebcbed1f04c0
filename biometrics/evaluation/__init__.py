"""Error rates on labelled photographs, by ISO/IEC 19795-1, with the product's own pipeline.

Reading order: `labels` (who is on which picture, and who enrols and probes), `acquisition`
(pictures to templates in worker processes), `scoring` (all pairs, raw and normalised), `rates`
(thresholds, error rates, intervals, groups), `variants` (several frames, several attempts),
`study` (all of it), then what shows it: `commands`, `charts`, `html`, `page`.
"""
