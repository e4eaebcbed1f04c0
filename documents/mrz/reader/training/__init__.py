"""How the recogniser was trained: rendered lines in, an ONNX file out; nothing of it at run time.

`python -m documents.mrz.reader.training.train OUT.onnx` needs PyTorch, Pillow and the fonts named
in `rendering.FONTS` (Debian: fonts-ocr-b, fonts-dejavu-core, fonts-liberation). No photograph and
no real person's data is used.

`recogniser.onnx` was trained in sittings, while the samples grew harder: 3,100 steps with a loss
that knew only the order of the characters, then with the script as it is now 6,500 steps at a rate
of 2.5e-3 (seed 9303), 4,000 at 1.6e-3 (seed 77, lines that bend), and from the mean of these last
two 3,600 at 1.5e-3 (seed 4711, other cuts of the font): 825,600 lines in about 85 minutes on one
core and a half. One run of the script with its defaults has not been compared with it yet.
"""
