"""Whether printed names are those of a record."""

import pytest

from documents.mrz import NameAgreement, Names, names_agree
from documents.mrz.transliteration import UntransliterableError, transliterate

AGREE, DISAGREE, CANNOT_TELL = NameAgreement

# Specimens of ICAO Doc 9303-4, 4.2.3.
ARNPOL = ("Nilavadhanananda", "Arnpol Petch Charonguang")
BENNELONG = ("Bennelong Wooloomooloo Warrandyte Warnambool", "Dingo Potoroo")


@pytest.mark.parametrize(
    ("primary", "secondary", "truncated", "surname", "given", "expected"),
    [
        ("ERIKSSON", "ANNA MARIA", False, "Eriksson", "Anna Maria", AGREE),
        ("DARTAGNAN", "CHARLES", False, "d'Artagnan", "Charles", AGREE),
        ("D ARTAGNAN", "CHARLES", False, "D’Artagnan", "Charles", AGREE),
        ("MAENNIK", "MARI LIIS", False, "Männik", "Mari-Liis", AGREE),
        ("MANNIK", "MARILIIS", False, "Männik", "Mari-Liis", AGREE),
        ("MUXXLLER", "NXXANDU", False, "Müller", "Ñandú", AGREE),
        ("STRASSE", "THOR", False, "Straße", "Þór", AGREE),
        ("ERIKSSON", "ANNA", False, "Eriksson", "Anna Maria", DISAGREE),
        ("ERIKSON", "ANNA", False, "Eriksson", "Anna", DISAGREE),
        ("ANNA", "ERIKSSON", False, "Eriksson", "Anna", DISAGREE),
        ("SPITERI MANDY", "", False, "Spiteri", "Mandy", CANNOT_TELL),
        ("SPITERI", "", False, "Spiteri", "Mandy", DISAGREE),
        ("ARKFREITH", "", False, "Arkfreith", "", AGREE),
        ("ARKFREITH", "", False, "", "Arkfreith", AGREE),
        ("ARKFREITH", "", False, "", "", CANNOT_TELL),
        ("", "", False, "Eriksson", "Anna", CANNOT_TELL),
        ("IVANOV", "IVAN", False, "Иванов", "Иван", CANNOT_TELL),
        ("BENNELONG W", "DI", True, "Bennelong Wooloomooloo", "Dingo Potoroo", CANNOT_TELL),
        ("BENNELONG W", "DI", True, "Bennelong Wooloomooloo", "Anna", DISAGREE),
        ("BENNELONG W", "DI", True, "Wooloomooloo", "Dingo", DISAGREE),
        ("BENNELONG", "DI", True, "Bennelong", "Di", AGREE),
        ("MUELLERSTAE", "", True, "Müllerstädt", "Anna", CANNOT_TELL),
        ("NILAVADHANANANDA", "ARNPOL PETCH CHARONGU", True, *ARNPOL, CANNOT_TELL),
        ("NILAVADHANANANDA", "A PETCH CHARONGUANG EX", True, *ARNPOL, DISAGREE),
        ("NILAVADHANANANDA", "ARNPOL CHARONGUANG XYZ", True, *ARNPOL, DISAGREE),
        ("NILAVADHANANANDA", "ARNPOL PETCH CHORONGU", True, *ARNPOL, DISAGREE),
        ("N", "ARNPOL PETCH CHARONGU", True, *ARNPOL, DISAGREE),  # had room for all of it
        ("BENNELONG WOOLOOMOOLOO WARRANDYTE W", "DI", True, *BENNELONG, CANNOT_TELL),
        ("BENNELONG WOOLOOMOOLOO W W", "DINGO POTOR", True, *BENNELONG, CANNOT_TELL),
        ("BENNELON WOOLOOMOOL WARRANDYT WARNAM", "D", True, *BENNELONG, CANNOT_TELL),
        ("BENNELONG WOOLOOMOOLOO W X", "DINGO POTOR", True, *BENNELONG, DISAGREE),
        ("BENNELONG WOOLOOMOOLOO W W W", "DINGO POT", True, *BENNELONG, DISAGREE),
        ("BENNELONG WARRANDYTE WOOLOOMOOLOO W", "DI", True, *BENNELONG, DISAGREE),
        ("BENNELONG WOOLOOMOOLOO W W", "DINGO XOTOR", True, *BENNELONG, DISAGREE),
        # A letter of the surname, and what fills the field.
        ("E", "X" * 36, True, "Eriksson", "", DISAGREE),
        ("E", "A" + "X" * 35, True, "Eriksson", "Anna", DISAGREE),
        ("E" + "X" * 35, "A", True, "Eriksson", "Anna", DISAGREE),
        ("E " + "X" * 37, "", True, "Eriksson", "Anna", DISAGREE),
        ("ERIKSSON ANNA MAR", "", True, "Eriksson", "Anna Maria", CANNOT_TELL),
        ("ERIKSSON ANNA XAR", "", True, "Eriksson", "Anna Maria", DISAGREE),
        ("D ARTA", "C", True, "D'Artagnan", "Charles", CANNOT_TELL),
        ("O", "C", True, "O'Connor", "Cormac", CANNOT_TELL),
        ("O CON BY", "C", True, "O'Connor-Byrne", "Cormac", CANNOT_TELL),
        ("O BY", "C", True, "O'Connor-Byrne", "Cormac", CANNOT_TELL),
        ("O CON X", "C", True, "O'Connor-Byrne", "Cormac", DISAGREE),
        ("ERIKSSON", "J", True, "Eriksson", "Ægir", DISAGREE),
        ("ERIKSSON", "A", True, "Eriksson", "Ægir", CANNOT_TELL),
    ],
)
def test_names_agree(
    primary: str, secondary: str, truncated: bool, surname: str, given: str, expected: NameAgreement
) -> None:
    assert names_agree(Names(primary, secondary, truncated), surname, given) is expected


def test_many_umlauts_cost_no_exponential_time() -> None:
    printed = Names("A" * 38 + "B", "", truncated=False)
    assert names_agree(printed, "Ä" * 2_000, "") is DISAGREE


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Åsa-Lena", "AASA<LENA"),
        ("Ærøskøbing", "AEROESKOEBING"),
        ("Łukasz  Żółć", "LUKASZ<ZOLC"),
        ("Ijsselmeer, Ĳ", "IJSSELMEER<IJ"),
        ("İpek Işık ışık", "IPEK<ISIK<ISIK"),
        ("O'Connor Jr.", "OCONNOR<JR"),
        ("Weiß ẞ", "WEISS<SS"),
        ("Mu\u0308ller", "MUELLER"),
        ("Ștefan Țepeș", "STEFAN<TEPES"),
        ("-Anna-", "ANNA"),
        ("Đặng".replace("ặ", "ă"), "DANG"),
    ],
)
def test_transliteration(name: str, printed: str) -> None:
    assert transliterate(name) == printed


@pytest.mark.parametrize(("name", "position"), [("Anna2", 5), ("李", 1), ("A\nB", 2), ("A<B", 2)])
def test_unknown_characters_are_errors_without_the_name(name: str, position: int) -> None:
    with pytest.raises(UntransliterableError) as caught:
        transliterate(name)
    assert caught.value.position == position
    assert name not in str(caught.value)
