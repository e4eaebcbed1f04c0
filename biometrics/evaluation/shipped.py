"""The thresholds that the product ships, as an evaluation holds scores against them."""

from dataclasses import dataclass

from biometrics.thresholds import ThresholdTable


@dataclass(frozen=True, slots=True)
class Shipped:
    """A score matches at `value` or less, if the raw distance is at most `raw_at_most` as well."""

    id: str
    value: float
    raw_at_most: float | None = None


@dataclass(frozen=True, slots=True)
class ShippedThresholds:
    """One threshold a kind of score; None where the product ships none."""

    raw: Shipped | None
    normalised: Shipped | None


def shipped_thresholds(table: ThresholdTable, model: str) -> ShippedThresholds:
    """Return the thresholds of a model, by the string of its identity."""
    raw = [Shipped(row.id, row.value) for row in table.comparison.values() if row.model == model]
    normalised = [
        Shipped(row.id, row.value, getattr(row, "raw_at_most", None))
        for row in getattr(table, "normalised", {}).values()
        if row.model == model
    ]
    return ShippedThresholds(
        raw=raw[0] if len(raw) == 1 else None,
        normalised=normalised[0] if len(normalised) == 1 else None,
    )
