"""`kiosk bench gallery`. Faiss is imported inside, so that `kiosk --help` is quick."""

import dataclasses
import json

import click


@click.command("gallery")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    default=(1_000, 10_000, 100_000),
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="Persons in the gallery; repeatable.",
)
@click.option(
    "--lives",
    default=200,
    show_default=True,
    type=click.IntRange(4, 100_000),
    help="Live pictures for each size.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def gallery(sizes: tuple[int, ...], lives: int, seed: int, as_json: bool) -> None:
    """Time an identification among made-up members, in turns with plain Faiss and NumPy.

    Exits 1 when an answer told another distance than a search of all vectors finds.
    """
    from biometrics.gallery.bench import run_bench
    from biometrics.gallery.members import CANDIDATES

    rows = []
    for row in run_bench(sizes, lives, seed):
        rows.append(row)
        if as_json:
            continue
        click.echo(
            f"{row.persons} persons, threshold {row.threshold}: "
            f"identify {row.identify.p50_us:.0f} us, plain Faiss {row.plain_faiss.p50_us:.0f} us "
            f"(ratio {row.ratio}), NumPy {row.brute_force.p50_us:.0f} us"
        )
        click.echo(
            f"  nearest told exactly {row.nearest_exact:.1%}, plain Faiss first "
            f"{row.plain_nearest:.1%}; {row.bytes_per_member} bytes a member; load "
            f"{row.load_ms:.0f} ms, add {row.add.p50_us:.0f} us, remove {row.remove.p50_us:.0f} us"
        )
        for name, answers in (("members", row.members), ("strangers", row.strangers)):
            click.echo(
                f"  {name}: " + ", ".join(f"{count} {kind}" for kind, count in answers.items())
            )
    if as_json:
        click.echo(
            json.dumps(
                {
                    "candidates": CANDIDATES,
                    "ratio_wanted": 2.0,
                    "worst_ratio": max(row.ratio for row in rows),
                    "galleries": [dataclasses.asdict(row) for row in rows],
                }
            )
        )
    if any(row.nearest_exact < 1.0 for row in rows):
        raise SystemExit(1)
