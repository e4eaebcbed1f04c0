"""Whom a production profile has to name: matchers that miss the standard.

The standard is FNMR at most 1 % at FMR 1e-4, proven on enough trials. Not meeting it forbids
nothing; the agency says with the matcher's own name that it knows.
"""

from collections.abc import Collection

from biometrics.matchers.card import ModelCard, Score

STANDARD_FMR = 1e-4
STANDARD_FNMR = 0.01
# The rule of 30: an error rate rests on at least 30 errors (Doddington et al. 2000; ISO/IEC
# 19795-1). FMR 1e-4 takes 300,000 impostor trials for that, FNMR 1 % 3,000 genuine ones; of the
# latter the rule of 3 is asked for, which refutes a rate above 1 % with 300 trials without error.
LEAST_IMPOSTOR = 300_000
LEAST_GENUINE = 300


def shortfall(card: ModelCard) -> str | None:
    """Return in one sentence why a matcher does not meet the standard; None when it does.

    The normalised score counts where it is calibrated, since decisions use it; else the distance.
    """
    calibration = card.calibrated(Score.NORMALISED) or card.calibrated(Score.RAW)
    if calibration is None:
        return f"{card.name} was never calibrated"
    row = calibration.rates(STANDARD_FMR)
    if row is None or calibration.impostor < LEAST_IMPOSTOR or calibration.genuine < LEAST_GENUINE:
        return (
            f"{card.name} was calibrated on {calibration.genuine} genuine and "
            f"{calibration.impostor} impostor trials, the standard takes {LEAST_GENUINE} and "
            f"{LEAST_IMPOSTOR}"
        )
    if row.fnmr > STANDARD_FNMR:
        return (
            f"{card.name} misses FNMR 1 % at FMR 1e-4: {row.fnmr:.1%} "
            f"[{row.fnmr_ci95[0]:.1%}, {row.fnmr_ci95[1]:.1%}] of a traveler's own pictures are "
            f"taken for somebody else's ({calibration.score}, {calibration.data})"
        )
    return None


def requires_acceptance(card: ModelCard) -> bool:
    """Whether a production profile has to accept this matcher by name."""
    return shortfall(card) is not None


def refusal(card: ModelCard, accepted: Collection[str]) -> str | None:
    """Return the line for a production profile that uses this matcher without accepting it.

    None when the matcher meets the standard or its identity is among those that the profile
    accepts below it.
    """
    short = shortfall(card)
    if short is None or str(card.identity) in accepted:
        return None
    return (
        f"{short}; a production profile that accepts this says so: "
        f'accepted_below_standard = ["{card.identity}"]'
    )


def words() -> str:
    """Return the standard in words."""
    return (
        f"FNMR at most {STANDARD_FNMR:.0%} at FMR {STANDARD_FMR:.0e}, on {LEAST_IMPOSTOR} "
        f"impostor and {LEAST_GENUINE} genuine trials at least"
    )
