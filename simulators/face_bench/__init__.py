"""How fast the face engine is beside face_recognition and well-written dlib, on one run's frames.

Reading order: `frames` (a fictitious traveler before the camera), `variants` (what is timed),
`report` (turns, medians, ratios), `commands`.
"""
