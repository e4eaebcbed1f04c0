"""Fit names into the name field (ICAO Doc 9303-4 section 4.2.3 and its twins in Parts 5 to 7)."""

from documents.mrz.alphabet import FILLER

_SEPARATOR = FILLER * 2


def print_names(primary: str, secondary: str, width: int) -> str:
    """Return both identifiers, MRZ letters with single fillers, in exactly `width` positions.

    Names that do not fit are cut at their ends: the primary identifier only as far as the
    separator and the first letter of the secondary one need room. The last position then holds a
    letter, which is how the standard marks names that may be truncated.
    """
    if not secondary:
        return cut(primary, width).ljust(width, FILLER)
    whole = primary + _SEPARATOR + secondary
    if len(whole) <= width:
        return whole.ljust(width, FILLER)
    primary = cut(primary, width - len(_SEPARATOR) - 1)
    return primary + _SEPARATOR + cut(secondary, width - len(_SEPARATOR) - len(primary))


def cut(name: str, width: int) -> str:
    """Return at most `width` positions of a name with single fillers, the last one a letter.

    Where the cut would fall on a filler, the last component of more than one letter gives up a
    letter, so that the next component shows its initial.
    """
    if len(name) <= width or name[width - 1] != FILLER:
        return name[:width]
    kept, initial = name[: width - 1].split(FILLER), name[width]
    for index in reversed(range(len(kept))):
        if len(kept[index]) > 1:
            kept[index] = kept[index][:-1]
            return FILLER.join([*kept, initial])
    # Nothing but initials: the last two run together.
    return FILLER.join(kept) + initial
