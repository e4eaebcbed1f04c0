"""The recogniser's network in PyTorch; exported to ONNX it is `recogniser.onnx`."""

from __future__ import annotations

import torch
from torch import nn

from documents.mrz.reader.recogniser import ALPHABET

CLASSES = 1 + len(ALPHABET)


def _block(
    before: int,
    after: int,
    kernel: tuple[int, int] = (3, 3),
    stride: int = 1,
    padding: tuple[int, int] = (1, 1),
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


class LineNetwork(nn.Module):
    """Shape (batch, 1, 28, width) float32 to logits of shape (batch, 38, width // 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _block(1, 20, stride=2),  # 14 rows, half the columns
            _block(20, 32),
            nn.MaxPool2d(2, 2),  # 7 rows, a quarter of the columns
            _block(32, 56),
            _block(56, 72),
            nn.MaxPool2d((2, 1), (2, 1)),  # 3 rows
            _block(72, 112),
            _block(112, 160, padding=(0, 1)),  # 1 row
            _block(160, 160, kernel=(1, 5), padding=(0, 2)),
            nn.Conv2d(160, CLASSES, 1),
        )

    def forward(self, lines: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(lines)
        return logits[:, :, 0, :]
