"""`make docs-figures`: measure, and write the numbers and figures of docs/biometrics.md.

The page is prose by hand with one block between two marks that this module rewrites, so that no
number on it is older than its figures.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from biometrics.evaluation.charts import det_chart, group_chart, score_chart
from biometrics.evaluation.rates import TARGETS
from biometrics.evaluation.study import KINDS, Evaluation

PAGE = "biometrics.md"
FIGURES = "figures"
BEGIN = "<!-- measured: begin (make docs-figures writes up to the end mark) -->"
END = "<!-- measured: end -->"

_VARIANTS = {
    "frames_1": "one enrolment, best frame of the probes",
    "frames_2": "one enrolment, best two frames averaged",
    "frames_3": "one enrolment, best three frames averaged",
    "enrolments_1": "one enrolment, each probe",
    "enrolments_2": "two enrolments averaged, each probe",
}


@click.command("docs-figures")
@click.argument("table", type=click.Path(path_type=Path), metavar="IMAGES.csv")
@click.option("--dataset", help="Only rows with this in the column dataset.")
@click.option(
    "--docs",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("docs"),
    show_default=True,
)
def main(table: Path, dataset: str | None, docs: Path) -> None:
    """Evaluate and rewrite the measured block and the figures of docs/biometrics.md."""
    from biometrics.evaluation.commands import run_evaluation

    _, evaluation, model = run_evaluation(table, dataset)
    for path in write(docs, evaluation, model, dataset or table.stem):
        click.echo(path)


def write(docs: Path, evaluation: Evaluation, model: str, data: str) -> list[Path]:
    """Write figures and block below `docs`; returns the files written.

    Raises:
        ClickException: The page is missing or lacks its marks.
    """
    page = docs / PAGE
    try:
        text = page.read_text(encoding="utf-8")
    except OSError:
        raise click.ClickException(f"{page}: cannot be read") from None
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise click.ClickException(f"{page}: the marks of the measured block are missing")
    figures = docs / FIGURES
    figures.mkdir(exist_ok=True)
    written = []
    for name, svg in charts(evaluation).items():
        path = figures / f"{name}.svg"
        path.write_text(svg, encoding="utf-8")
        written.append(path)
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(
        f"{before}{BEGIN}\n\n{block(evaluation.report, model, data)}\n{END}{after}",
        encoding="utf-8",
    )
    return [*written, page]


def charts(evaluation: Evaluation) -> dict[str, str]:
    """Return the figures of the page by name."""
    figures = {"det": det_chart(evaluation.curves)}
    for kind, curve in evaluation.curves.items():
        rates = evaluation.report[kind]
        figures[f"scores_{kind}"] = score_chart(kind, curve, rates["threshold_at_fmr"])
        if rates["by_group"]:
            figures[f"groups_{kind}"] = group_chart(kind, rates["by_group"], "1e-4")
    return figures


def block(report: Mapping[str, Any], model: str, data: str) -> str:
    """Return the measured block as Markdown."""
    kinds = [kind for kind in KINDS if report[kind]["fnmr_at_fmr"] is not None]
    parts = [
        (f"Data `{data}`, model `{model}`: {report['images']:,} pictures of "
        f"{report['identities']:,} people, {report['genuine']:,} genuine trials, "
        f"{report['impostor']:,} impostor pairs, cohort of {report['cohort']['size']:,}. "
        f"Failure to acquire {report['failure_to_acquire']:.2%}."),
        ("False non-match rate, with its 95 % interval, at a threshold set for each false match "
        "rate:"),
        _table(["FMR", *(f"{kind}{what}" for kind in kinds for what in (" threshold", " FNMR"))],
               [_at_target(report, kinds, name) for name in TARGETS]),
        "![DET curves](figures/det.svg)",
        *_shipped(report, kinds),
        *(f"![{kind} scores](figures/scores_{kind}.svg)" for kind in kinds),
        "Groups at the thresholds for everybody:",
        _table(
            ["score", "group", "people", "genuine", "impostor", "FMR at 1e-3", "FNMR at 1e-3",
             "FMR at 1e-4", "FNMR at 1e-4"],
            [_group(kind, name, own) for kind in kinds
             for name, own in report[kind]["by_group"].items()],
        ),
        *(f"![{kind}: groups](figures/groups_{kind}.svg)" for kind in kinds
          if report[kind]["by_group"]),
        ("Several frames and several enrolments, FNMR at a threshold of their own (the upper three "
        "rows and the lower two are of the same people each):"),
        _table(
            ["variant", "people", "genuine", *(f"{kind} at {name}" for kind in kinds
                                               for name in ("1e-3", "1e-4"))],
            [_variant(words, report["multi_frame"][name], kinds)
             for name, words in _VARIANTS.items()],
        ),
        "Whole transactions, gates applied, at the thresholds of single comparisons:",
        _table(
            ["attempts permitted", "score", "threshold", "people", "false accept", "false reject"],
            [row for permitted, entry in report["transaction"].items()
             for row in _attempts(permitted, entry, kinds)],
        ),
        "What the kiosk answers before it compares:",
        _table(
            ["part", "pictures", "compared", "referred"],
            [[part, f"{own['images']:,}", f"{own['compared']:,}",
              ", ".join(f"{gate.replace('_', ' ')} {n}" for gate, n in own["referred"].items())
              or "none"] for part, own in report["gates"].items()],
        ),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _at_target(report: Mapping[str, Any], kinds: Sequence[str], name: str) -> list[str]:
    row = [name]
    for kind in kinds:
        rates = report[kind]
        bounds = rates["ci95"][name]
        interval = "" if bounds is None else f" [{bounds[0]:.4f}, {bounds[1]:.4f}]"
        row += [
            _number(rates["threshold_at_fmr"][name], ".3f"),
            _number(rates["fnmr_at_fmr"][name], ".4f") + interval,
        ]
    return row


def _shipped(report: Mapping[str, Any], kinds: Sequence[str]) -> list[str]:
    rows = []
    for kind in kinds:
        own = report[kind]["at_shipped_threshold"]
        if own is not None:
            rows.append(
                [
                    f"`{own['id']}`",
                    f"{own['threshold']:g}",
                    _number(own["fmr"], ".1e") + _interval(own["ci95"]["fmr"], ".1e"),
                    _number(own["fnmr"], ".4f") + _interval(own["ci95"]["fnmr"], ".4f"),
                ]
            )
    if not rows:
        return []
    return ["At the thresholds that ship:", _table(["threshold", "value", "FMR", "FNMR"], rows)]


def _group(kind: str, name: str, own: Mapping[str, Any]) -> list[str]:
    return [
        kind,
        name.replace("_", " "),
        *(f"{own[count]:,}" for count in ("people", "genuine", "impostor")),
        *(
            _number(own[rate][target], form)
            for target in ("1e-3", "1e-4")
            for rate, form in (("fmr", ".1e"), ("fnmr", ".4f"))
        ),
    ]


def _variant(words: str, own: Mapping[str, Any], kinds: Sequence[str]) -> list[str]:
    return [
        words,
        f"{own['people']:,}",
        f"{own['genuine']:,}",
        *(
            _number((own[kind]["fnmr_at_fmr"] or {}).get(target), ".4f")
            for kind in kinds
            for target in ("1e-3", "1e-4")
        ),
    ]


def _attempts(permitted: str, entry: Mapping[str, Any], kinds: Sequence[str]) -> list[list[str]]:
    return [
        [
            permitted,
            kind,
            name,
            f"{entry['people']:,}",
            _number(errors["false_accept"], ".1e"),
            _number(errors["false_reject"], ".4f"),
        ]
        for kind in kinds
        for name, errors in entry[kind].items()
        if errors is not None
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _number(value: float | None, form: str) -> str:
    return "not measured" if value is None else format(value, form)


def _interval(bounds: Sequence[float] | None, form: str) -> str:
    return "" if bounds is None else f" [{bounds[0]:{form}}, {bounds[1]:{form}}]"


if __name__ == "__main__":
    main()
