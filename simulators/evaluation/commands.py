"""`kiosk evaluate attacks`: presentation attack detection against synthetic instruments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--people",
    type=click.IntRange(1, 200),
    default=4,
    show_default=True,
    help="How many held-out people are attacked.",
)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Photographs too: a folder with images.csv and pad.",
)
@click.option(
    "--photographs",
    type=click.IntRange(1),
    default=300,
    show_default=True,
    help="At most this many press photographs of --data.",
)
def attacks(as_json: bool, people: int, data: Path | None, photographs: int) -> None:
    """Presentation attacks, each species by itself (ISO/IEC 30107-3)."""
    from biometrics.errors import BiometricsError
    from biometrics.evaluation.labels import LabelsError
    from simulators.evaluation.attacks import evaluate

    try:
        report = evaluate(people, data=data, photographs=photographs).as_json()
    except (BiometricsError, LabelsError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the data cannot be read: {error.strerror}") from error
    click.echo(json.dumps(report) if as_json else _table(report))


_COLUMNS = (
    ("still", "still_signals"),
    ("sequence", "sequence_signals"),
    ("gesture", "gesture_challenge"),
    ("light", "light_challenge"),
    ("all+gest.", "all_with_gesture"),
    ("all+light", "all_with_light"),
)


def _table(report: dict[str, Any]) -> str:
    lines = [
        f"{report['standard']}, {report['thresholds']}, {report['people']} held-out people",
        "",
        "APCER: attacks not detected (not detected/attacks); IAPMR: attacks that match",
        f"{'species':<22}" + "".join(f"{title:>11}" for title, _ in _COLUMNS) + f"{'IAPMR':>9}",
    ]
    for name, figures in report["species"].items():
        cells = "".join(f"{_counts(figures['apcer'][key]):>11}" for _, key in _COLUMNS)
        lines.append(f"{name:<22}{cells}{_counts(figures['iapmr']):>9}")
    lines += ["", "with 95 % intervals"]
    for name, figures in report["species"].items():
        lines += [
            f"  {name:<22}APCER {title:<10}{_interval(figures['apcer'][key])}"
            for title, key in _COLUMNS
        ]
        lines.append(f"  {name:<22}IAPMR {'':<10}{_interval(figures['iapmr'])}")
    lines += ["", "BPCER: bona fide presentations that are taken for attacks"]
    bpcer = report["bpcer"]
    lines += [f"  {key:<22}{_interval(bpcer[key])}" for _, key in _COLUMNS[:4]]
    lines.append(f"  bona fide that match their own record: {_interval(bpcer['match_own_record'])}")
    if report["photographs"] is not None:
        press = report["photographs"]["press_photographs"]
        lines.append(f"  press photographs     {_interval(press['bpcer_still_signals'])}")
        lines += [
            f"  {sample['file']}: {sample['presented']}, {sample['status']}"
            + (f" ({', '.join(sample['signals'])})" if sample["signals"] else "")
            for sample in report["photographs"]["pad_samples"]
        ]
    lines += ["", "What these figures do not show"]
    lines += [f"  - {limit}" for limit in report["limits"]]
    return "\n".join(lines)


def _counts(share: dict[str, Any]) -> str:
    return f"{share['count']}/{share['of']}"


def _interval(share: dict[str, Any]) -> str:
    if share["rate"] is None:
        return "none presented"
    low, high = share["ci95"]
    return f"{share['rate']:7.1%} ({_counts(share)}; {low:.1%} to {high:.1%})"
