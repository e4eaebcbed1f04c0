"""Face: a picture goes in, measured results come out.

Nothing here decides about a traveler. Reading order: `results` (what can come out), `pictures`
(untrusted bytes), `protocols` and `engines` (detection to template), `quality` (one measure a
file) and `guidance`, `presentation_attack` (evidence against, never for), `matching` (distance
against a threshold) and `cohort` (a score that means the same for everybody), `pipeline` (all of
it under a deadline), `tracking` and `sequence` (several frames of one capture), `gallery` (who of
many), `matchers` (an agency's own network), `evaluation` (the error rates on labelled pictures).
"""

import os

# From 1.29 on, onnxruntime on Linux keeps a device identifier and a database of events in the
# user's home and sends them to its vendor. This opts out of all of it, when it is set before the
# runtime is initialised (github.com/microsoft/onnxruntime, pull request 27379).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
