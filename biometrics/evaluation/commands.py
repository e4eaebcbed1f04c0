"""`kiosk evaluate faces`: error rates on labelled pictures."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from biometrics.evaluation.study import Evaluation


@click.command("faces")
@click.argument("table", type=click.Path(path_type=Path), metavar="IMAGES.csv")
@click.option("--dataset", help="Only rows with this in the column dataset.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a report with curves and the worst pairs, by their paths.",
)
@click.option(
    "--with-pictures",
    is_flag=True,
    help="Put small pictures of the worst pairs into the HTML report: personal data.",
)
def faces(
    table: Path, dataset: str | None, as_json: bool, html: Path | None, with_pictures: bool
) -> None:
    """Measure error rates on labelled pictures with the product's own pipeline.

    IMAGES.csv has the columns path (relative to the table), identity and optionally dataset and
    group. The first ten pictures of each identity count: the first enrols, the others probe,
    and every probe is compared with every enrolment. About 0.05 s of computing a picture, on two
    cores at once.
    """
    if with_pictures and html is None:
        raise click.UsageError("--with-pictures needs --html")
    if html is not None and not html.parent.is_dir():  # told now, not after minutes
        raise click.ClickException(f"{html}: there is no such folder")
    labelled, evaluation, model = run_evaluation(table, dataset)
    if html is not None:
        from biometrics.evaluation.html import html_report, thumbnails

        pictures = thumbnails(evaluation, labelled.folder) if with_pictures else {}
        try:
            html.write_text(html_report(evaluation, table.name, model, pictures), encoding="utf-8")
        except OSError as error:
            raise click.ClickException(f"{html}: {error.strerror or 'cannot be written'}") from None
    if as_json:
        click.echo(json.dumps(evaluation.report))
    else:
        for line in summary(evaluation.report):
            click.echo(line)


def run_evaluation(table: Path, dataset: str | None) -> "tuple[Any, Evaluation, str]":
    """Return the labelled set, its evaluation and the identity of the model.

    Progress goes to standard error.

    Raises:
        ClickException: With one line, when the table or the engine cannot be used.
    """
    from biometrics.engines.resnet_engine import MODEL
    from biometrics.errors import BiometricsError
    from biometrics.evaluation import acquisition
    from biometrics.evaluation.labels import LabelsError, load_labelled_set
    from biometrics.evaluation.shipped import shipped_thresholds
    from biometrics.evaluation.study import evaluate
    from biometrics.thresholds import threshold_table

    try:
        labelled = load_labelled_set(table, dataset)
        shipped = shipped_thresholds(threshold_table(), str(MODEL))
        captures = acquisition.captures_of(labelled)
        measuring = acquisition.acquire(labelled.folder, captures, acquisition.load_product)
        with click.progressbar(
            measuring, length=len(captures), label="measuring", file=sys.stderr
        ) as progress:
            acquired = dict(progress)
    except (LabelsError, BiometricsError, acquisition.WorkerDiedError) as error:
        raise click.ClickException(str(error)) from None
    return labelled, evaluate(labelled, acquired, shipped), str(MODEL)


def summary(report: dict[str, Any]) -> list[str]:
    """Return the report as lines for a terminal."""
    lines = [
        (
            f"images     {report['images']} of {report['identities']} identities, "
            f"failure to acquire {report['failure_to_acquire']:.2%}"
        ),
        f"trials     {report['genuine']} genuine, {report['impostor']} impostor",
    ]
    for kind in ("raw", "normalised"):
        rates = report[kind]
        if rates["fnmr_at_fmr"] is None:
            lines.append(f"{kind:<10} not measured: the cohort is too small")
            continue
        lines.append(kind)
        for name, fnmr in rates["fnmr_at_fmr"].items():
            threshold, bounds = rates["threshold_at_fmr"][name], rates["ci95"][name]
            if threshold is None:
                lines.append(f"  FMR {name}  not measured: too few impostor pairs")
                continue
            interval = "" if bounds is None else f" [{bounds[0]:.4f}, {bounds[1]:.4f}]"
            lines.append(f"  FMR {name}  threshold {threshold:7.3f}  FNMR {_rate(fnmr)}{interval}")
        at_shipped = rates["at_shipped_threshold"]
        if at_shipped is not None:
            lines.append(
                f"  shipped   threshold {at_shipped['threshold']:7.3f}  "
                f"FNMR {_rate(at_shipped['fnmr'])}, FMR {_small(at_shipped['fmr'])}"
            )
        for group, own in rates["by_group"].items():
            lines.append(
                f"  {group:<18} at 1e-4: FMR {_small(own['fmr']['1e-4'])}, "
                f"FNMR {_rate(own['fnmr']['1e-4'])}"
            )
    cohort = report["cohort"]
    if cohort["size"] < cohort["least"]:
        lines.append(
            f"cohort     {cohort['size']} entries, fewer than {cohort['least']}: the product "
            "would not normalise"
        )
    return lines


def _rate(rate: float | None) -> str:
    return "not measured" if rate is None else f"{rate:.4f}"


def _small(rate: float | None) -> str:
    return "not measured" if rate is None else f"{rate:.1e}"
