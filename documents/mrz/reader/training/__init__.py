"""How the recogniser was trained: rendered lines in, an ONNX file out; nothing of it at run time.

`python -m documents.mrz.reader.training.train OUT.onnx` needs PyTorch, Pillow and the fonts named
in `rendering.FONTS` (Debian: fonts-ocr-b, fonts-dejavu-core, fonts-liberation). No photograph and
no real person's data is used.
"""
