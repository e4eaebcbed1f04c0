"""The report of an evaluation as one HTML file that loads nothing from elsewhere."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from biometrics.evaluation.charts import det_chart, group_chart, score_chart
from biometrics.evaluation.labels import LabelledPicture
from biometrics.evaluation.study import KINDS, Evaluation, WorstPair

_THUMBNAIL_PX = 96
_STYLE = """
body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}
th,td{border:1px solid #bbb;padding:.25rem .6rem;text-align:right}
th:first-child,td:first-child{text-align:left}
caption{text-align:left;font-weight:bold;padding:.3rem 0}
svg,img{max-width:100%;height:auto}
.caution{border-left:4px solid #d55e00;padding-left:1rem}
"""


def html_report(
    evaluation: Evaluation, table: str, model: str, pictures: Mapping[str, bytes]
) -> str:
    """Return the report.

    Args:
        evaluation: What to show.
        table: The name of the table of pictures.
        model: The identity of the model.
        pictures: By path, a JPEG of each picture that may be shown; empty shows none.
    """
    report = evaluation.report
    body = [
        "<h1>Error rates of the face engine</h1>",
        (
            f"<p>{escape(table)}, model {escape(model)}: {report['images']:,} pictures of "
            f"{report['identities']:,} identities, {report['genuine']:,} genuine trials, "
            f"{report['impostor']:,} impostor pairs. Failure to acquire "
            f"{report['failure_to_acquire']:.2%}.</p>"
        ),
        (
            "<p>The first picture of an identity enrols, up to nine others probe; every probe is "
            "compared with every enrolment. What cannot be measured is a non-match at every "
            "threshold. Intervals are 95 %, from a bootstrap over identities.</p>"
        ),
    ]
    if report["cohort"]["size"] < report["cohort"]["least"]:
        body.append(
            f'<p class="caution">The cohort has {report["cohort"]["size"]} entries; below '
            f"{report['cohort']['least']} the product does not normalise.</p>"
        )
    if evaluation.curves:
        body.append(det_chart(evaluation.curves))
    for kind in KINDS:
        if report[kind]["fnmr_at_fmr"] is not None:
            body += _kind(evaluation, kind)
    body += _transactions(report)
    for kind, title in (("normalised", "normalised score"), ("raw", "raw distance")):
        for pairs, what in (
            (evaluation.alike.get(kind, ()), "Strangers most alike"),
            (evaluation.unlike.get(kind, ()), "Pairs of one person least alike"),
        ):
            if pairs:
                body.append(_worst(pairs, f"{what} by {title}", pictures))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">"
        f"<title>Error rates of the face engine</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def thumbnails(evaluation: Evaluation, folder: Path) -> dict[str, bytes]:
    """Return a small JPEG of each picture of the worst pairs that can be read, by its path."""
    import cv2

    from biometrics.evaluation.acquisition import read_picture
    from biometrics.pictures import decode_picture
    from biometrics.results import UnreadablePicture

    found: dict[str, bytes] = {}
    for pairs in (*evaluation.alike.values(), *evaluation.unlike.values()):
        for picture in (one for pair in pairs for one in (pair.enrolment, pair.probe)):
            if picture.path in found:
                continue
            decoded = decode_picture(read_picture(folder / picture.path))
            if isinstance(decoded, UnreadablePicture):
                continue
            factor = _THUMBNAIL_PX / max(decoded.shape[:2])
            small = cv2.resize(decoded, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            _, encoded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
            found[picture.path] = encoded.tobytes()
    return found


def _kind(evaluation: Evaluation, kind: str) -> list[str]:
    rates = evaluation.report[kind]
    body = [f"<h2>{kind.capitalize()} scores</h2>"]
    rows = []
    for name, fnmr in rates["fnmr_at_fmr"].items():
        bounds = rates["ci95"][name]
        rows.append(
            [
                name,
                _number(rates["threshold_at_fmr"][name], "{:.3f}"),
                _number(fnmr, "{:.4f}"),
                "" if bounds is None else f"{bounds[0]:.4f} to {bounds[1]:.4f}",
            ]
        )
    shipped = rates["at_shipped_threshold"]
    if shipped is not None:
        rows.append(
            [
                f"shipped (FMR {_number(shipped['fmr'], '{:.1e}')})",
                _number(shipped["threshold"], "{:.3f}"),
                _number(shipped["fnmr"], "{:.4f}"),
                "",
            ]
        )
    body.append(_table("Error rates", ["FMR", "threshold", "FNMR", "95 %"], rows))
    if kind in evaluation.curves:
        body.append(score_chart(kind, evaluation.curves[kind], rates["threshold_at_fmr"]))
    if rates["by_group"]:
        body.append(
            _table(
                "Groups at the thresholds for everybody",
                ["group", "people", "genuine", "impostor"]
                + [f"{rate} at {name}" for name in ("1e-3", "1e-4") for rate in ("FMR", "FNMR")],
                [
                    [group, f"{own['people']:,}", f"{own['genuine']:,}", f"{own['impostor']:,}"]
                    + [
                        _number(own[rate][name], form)
                        for name in ("1e-3", "1e-4")
                        for rate, form in (("fmr", "{:.1e}"), ("fnmr", "{:.4f}"))
                    ]
                    for group, own in rates["by_group"].items()
                ],
            )
        )
        body.append(group_chart(kind, rates["by_group"], "1e-4"))
    return body


def _transactions(report: Mapping[str, Any]) -> list[str]:
    rows = []
    for permitted, entry in report["transaction"].items():
        for kind in KINDS:
            for name, errors in (entry[kind] or {}).items():
                if errors is not None:
                    rows.append(
                        [
                            f"{permitted} permitted, {kind}",
                            name,
                            _number(errors["false_accept"], "{:.1e}"),
                            _number(errors["false_reject"], "{:.4f}"),
                        ]
                    )
    if not rows:
        return []
    people = next(iter(report["transaction"].values()))["people"]
    return [
        "<h2>Whole transactions</h2>",
        f"<p>{people:,} people with at least three probes, gates applied.</p>",
        _table("", ["attempts", "threshold", "false accept", "false reject"], rows),
    ]


def _worst(pairs: Sequence[WorstPair], caption: str, pictures: Mapping[str, bytes]) -> str:
    rows = [
        [f"{pair.score:.3f}", *(_picture(one, pictures) for one in (pair.enrolment, pair.probe))]
        for pair in pairs
    ]
    return _table(caption, ["score", "enrolment", "probe"], rows, escaped=True)


def _picture(picture: LabelledPicture, pictures: Mapping[str, bytes]) -> str:
    words = f"line {picture.line}: {escape(picture.path)}"
    if picture.path not in pictures:
        return words
    data = base64.b64encode(pictures[picture.path]).decode()
    return f'<img alt="" src="data:image/jpeg;base64,{data}"><br>{words}'


def _table(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, escaped: bool = False
) -> str:
    cells = (lambda words: words) if escaped else escape
    head = "".join(f'<th scope="col">{escape(words)}</th>' for words in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{cells(words)}</td>' for words in row)}</tr>" for row in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _number(value: float | None, form: str) -> str:
    return "not measured" if value is None else form.format(value)
