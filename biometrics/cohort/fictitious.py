"""The cohort that ships: 1,000 rendered faces of people who do not exist.

Demonstrations and tests score against it, so that they run what a real kiosk runs. Real travelers
are never judged by it (`Cohort.fit_for_real_people`). `kiosk people cohort` makes it again.
"""

from functools import cache
from importlib.resources import files

from biometrics.cohort.cohort import Cohort
from biometrics.cohort.content import malformed
from biometrics.cohort.fictitious_key import DEMONSTRATION_KEY
from biometrics.cohort.files import load_cohort

FICTITIOUS_COHORT = "fictitious-1.cohort"
"""The file's name within `biometrics/cohort`."""


@cache
def fictitious_cohort() -> Cohort:
    """Return the shipped cohort, read and checked once.

    Raises:
        BiometricsError: COHORT_MALFORMED or COHORT_SIGNATURE_INVALID when the installation
            lacks the file or it was altered.
    """
    try:
        data = files("biometrics.cohort").joinpath(FICTITIOUS_COHORT).read_bytes()
    except OSError as error:
        raise malformed("the installation lacks the cohort that ships with it") from error
    return load_cohort(data, trusted_keys=[DEMONSTRATION_KEY])
