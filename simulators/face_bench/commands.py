"""`kiosk bench face`."""

from __future__ import annotations

import json
from typing import Any

import click


@click.command("face")
@click.option("--frames", default=20, show_default=True, type=click.IntRange(4, 1000))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def face(frames: int, rounds: int, as_json: bool) -> None:
    """Our engine, face_recognition and plain dlib in turns on a fictitious traveler's frames."""
    from biometrics.errors import BiometricsError
    from simulators.face_bench.report import NoFaceInFrameError, run_bench

    try:
        figures = run_bench(frames, rounds)
    except BiometricsError as error:
        raise click.ClickException(str(error)) from None
    except NoFaceInFrameError:
        raise click.ClickException("a variant found no face in a frame that shows one") from None
    click.echo(json.dumps(figures) if as_json else "\n".join(_lines(figures)))


def _lines(figures: dict[str, Any]) -> list[str]:
    lines = [
        f"face_recognition  {figures['face_recognition_ms']:7.1f} ms a frame of 1280 x 720",
        f"dlib at 480 px    {figures['dlib_480_ms']:7.1f} ms",
    ]
    for name in ("single", "decision"):
        each = figures[name]
        stateless = (
            f"{name:<10}stateless {each['stateless_ms']:6.1f} ms, "
            f"{each['stateless_vs_face_recognition']:.1f} times face_recognition, "
            f"{each['stateless_vs_dlib_480']:.1f} times dlib at 480 px"
        )
        tracked = (
            f"{'':<10}tracked   {each['tracked_ms']:6.1f} ms, "
            f"{each['tracked_vs_face_recognition']:.1f} times face_recognition "
            f"({each['tracked_share']:.0%} of frames without a detection)"
        )
        lines += [stateless, tracked]
        for kind, stages in each["stages_ms"].items():
            times = ", ".join(f"{stage} {spent:.1f}" for stage, spent in stages.items())
            lines.append(f"{'':<10}{kind}: {times} ms")
    lines.append(
        f"distance of single from face_recognition: mean {figures['single']['embedding_l2_mean']}, "
        f"largest {figures['single']['embedding_l2_max']}"
    )
    peaks = ", ".join(f"{name} {peak:.0f}" for name, peak in figures["peak_memory_mb"].items())
    lines.append(f"peak memory, MB: {peaks}")
    return lines
