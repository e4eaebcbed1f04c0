"""Train the recogniser and write it as ONNX: `python -m documents.mrz.reader.training.train OUT`.

The same seed, number of steps and versions give the same batches in the same order; the weights
agree as far as the processor's arithmetic does. Batches are rendered by other processes.
"""

from __future__ import annotations

import argparse
import copy
import math
import multiprocessing
import multiprocessing.queues
import os
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from documents.mrz.reader.recogniser import ALPHABET, LINE_HEIGHT, STRIDE, normalise
from documents.mrz.reader.training.network import LineNetwork
from documents.mrz.reader.training.samples import Sample, Sampler

_POOL = 4
"""Batches rendered at a time and then sorted by width, so that little of a batch is padding."""
_MEMORY = 0.999
"""Of the moving average of the weights, which is what is exported."""

_INK = 0.3
"""Steps within so many pitches of a character's centre are the character's; others are none's."""
_STEP_CENTRE = 1.0
"""Column of the picture that step 0 looks at; the next steps follow at the stride."""

Batch = tuple[NDArray[np.float32], NDArray[np.int64]]


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the ONNX file to write")
    parser.add_argument("--steps", type=int, default=9_000)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=3e-3, help="largest learning rate")
    parser.add_argument("--seed", type=int, default=9303)
    parser.add_argument("--renderers", type=int, default=1, help="processes that render lines")
    parser.add_argument("--resume", type=Path, help="weights to begin with")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)
    network = LineNetwork()
    if arguments.resume is not None:
        network.load_state_dict(torch.load(arguments.resume))
    network = network.to(memory_format=torch.channels_last)
    sources = _start_renderers(arguments.renderers, arguments.seed, arguments.batch)
    average = _train(network, sources, arguments.steps, arguments.rate, arguments.out)
    export(average, arguments.out)


def _start_renderers(count: int, seed: int, size: int) -> list[multiprocessing.queues.Queue[Batch]]:
    context = multiprocessing.get_context("spawn")
    sources: list[multiprocessing.queues.Queue[Batch]] = []
    for index in range(count):
        source: multiprocessing.queues.Queue[Batch] = context.Queue(_POOL)
        context.Process(
            target=_render, args=(seed + 7919 * index, size, source), daemon=True
        ).start()
        sources.append(source)
    return sources


def _render(seed: int, size: int, out: multiprocessing.queues.Queue[Batch]) -> None:
    cv2.setNumThreads(1)
    sampler = Sampler(seed)
    order = np.random.default_rng(seed)
    while True:
        samples = [sampler.sample() for _ in range(size * _POOL)]
        samples.sort(key=lambda sample: sample.picture.shape[1])
        for place in order.permutation(_POOL):
            out.put(_batch(samples[place * size : (place + 1) * size]))


def _batch(samples: list[Sample]) -> Batch:
    width = max(sample.picture.shape[1] for sample in samples)
    lines = np.empty((len(samples), 1, LINE_HEIGHT, width), np.float32)
    classes = np.zeros((len(samples), width // STRIDE), np.int64)
    centres = np.arange(width // STRIDE) * STRIDE + _STEP_CENTRE
    for row, sample in enumerate(samples):
        normal = normalise(sample.picture)
        lines[row, 0, :, : normal.shape[1]] = normal
        lines[row, 0, :, normal.shape[1] :] = normal[:, -1:]
        if sample.text:
            places = (centres - sample.first) / sample.pitch
            nearest = np.rint(places).astype(int)
            own = (nearest >= 0) & (nearest < len(sample.text))
            own &= np.abs(places - nearest) <= _INK
            codes = np.array([1 + ALPHABET.index(char) for char in sample.text])
            classes[row, own] = codes[nearest[own]]
    return lines, classes


def _train(
    network: LineNetwork,
    sources: list[multiprocessing.queues.Queue[Batch]],
    steps: int,
    rate: float,
    out: Path,
) -> LineNetwork:
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    average = copy.deepcopy(network)
    losses: list[float] = []
    exact: list[bool] = []
    started = time.monotonic()
    for step in range(steps):
        warm = min(1.0, (step + 1) / 100)
        for group in optimiser.param_groups:
            group["lr"] = rate * warm * (0.5 * (1 + math.cos(math.pi * step / steps)) + 0.005)
        lines, classes = sources[step % len(sources)].get()
        network.train()
        picture = torch.from_numpy(lines).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(picture)
        loss = nn.functional.cross_entropy(logits.float(), torch.from_numpy(classes))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        _follow(average, network, min(_MEMORY, (1 + step) / (10 + step)))
        losses.append(loss.item())
        if step % 20 == 0:
            found = greedy(logits.detach().argmax(1).tolist())
            exact += [a == b for a, b in zip(found, greedy(classes.tolist()), strict=True)]
        if (step + 1) % 100 == 0:
            print(  # noqa: T201 - the progress of a script
                f"{step + 1} {time.monotonic() - started:.0f} s, loss "
                f"{np.mean(losses[-100:]):.4f}, lines exact {np.mean(exact[-240:]):.3f}",
                flush=True,
            )
        if (step + 1) % 500 == 0:
            torch.save(average.state_dict(), out.with_suffix(".pt"))
            export(average, out)
    return average


def _follow(average: LineNetwork, network: LineNetwork, memory: float) -> None:
    with torch.no_grad():
        for kept, new in zip(
            average.state_dict().values(), network.state_dict().values(), strict=True
        ):
            if kept.dtype.is_floating_point:
                kept.mul_(memory).add_(new, alpha=1 - memory)
            else:
                kept.copy_(new)


def greedy(steps: list[list[int]]) -> list[str]:
    """Return the text of lines whose steps have these classes."""
    texts = []
    for row in steps:
        text, before = "", 0
        for found in row:
            if found not in (0, before):
                text += ALPHABET[found - 1]
            before = found
        texts.append(text)
    return texts


def export(network: LineNetwork, out: Path) -> None:
    """Write the network as ONNX with free batch and width."""
    plain = copy.deepcopy(network).to(memory_format=torch.contiguous_format).eval()
    torch.onnx.export(
        plain,
        (torch.zeros(2, 1, LINE_HEIGHT, 640),),
        str(out),
        input_names=["lines"],
        output_names=["logits"],
        dynamic_axes={"lines": {0: "batch", 3: "width"}, "logits": {0: "batch", 2: "steps"}},
        dynamo=False,
    )


if __name__ == "__main__":
    os.nice(5)
    main()
