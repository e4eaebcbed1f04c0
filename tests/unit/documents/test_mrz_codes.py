"""The table of states and organisations."""

from documents.mrz.codes import CODES, CodeKind, look_up


def test_the_table_has_every_state_of_iso_3166_and_those_of_9303() -> None:
    states = [code for code, entry in CODES.items() if entry.kind is CodeKind.STATE]
    assert len(states) == 249 + 7
    assert all(len(code) == 3 or code == "D" for code in CODES)
    assert all(entry.name for entry in CODES.values())


def test_unknown_code_is_told_apart_from_unspecified_nationality() -> None:
    assert look_up("QQQ").kind is CodeKind.UNKNOWN
    assert look_up("XXX").kind is CodeKind.UNSPECIFIED
