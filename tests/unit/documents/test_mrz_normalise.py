"""What normalise puts right, and that it says so."""

from documents.mrz import Change, ChangeKind, normalise


def test_clean_lines_stay_as_they_are() -> None:
    result = normalise("ABC<<\n123<<\n")
    assert result.lines == ("ABC<<", "123<<")
    assert result.changes == ()


def test_every_change_is_reported_with_its_line() -> None:
    result = normalise("\ufeffa b«\r\n\r\n1‹＜")
    assert result.lines == ("AB<<", "1<<")
    assert set(result.changes) == {
        Change(ChangeKind.LINE_ENDING, None, 2),
        Change(ChangeKind.BLANK_LINE_REMOVED, None, 1),
        Change(ChangeKind.SPACE_REMOVED, 1, 2),
        Change(ChangeKind.CASE_FOLDED, 1, 2),
        Change(ChangeKind.FILLER_REPLACED, 1, 1),
        Change(ChangeKind.FILLER_REPLACED, 2, 2),
    }


def test_nothing_is_guessed() -> None:
    text = "O0I1ß|Ñı{("
    assert normalise(text).lines == (text,)


def test_the_text_is_not_in_the_repr() -> None:
    assert "SECRET" not in repr(normalise("secret"))


def test_no_text_has_no_lines() -> None:
    assert normalise("").lines == ()
