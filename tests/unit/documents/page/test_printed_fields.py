"""Dates, labels and look-alikes of printed text."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.page.printed_fields import Label, alike, dates_in, fold, label_of


@pytest.mark.parametrize(
    "text",
    [
        "12 AUG 1974",
        "12 AUG/AOUT 74",
        "12 AUG /AOÛT 1974",
        "12AUG1974",
        "12 août 1974",
        "12 AGO 1974",
        "12 agosto 1974",
        "AUG 12, 1974",
        "12.08.1974",
        "12. 08. 1974",
        "12-08-1974",
        "12 08 1974",
        "1974-08-12",
        "1974.08.12",
        "12.08.74",
        "3. 12.08.1974",
        "Date of birth: 12 AUG 1974 F",
    ],
)
def test_the_usual_forms_of_a_date_are_read(text):
    (found,) = dates_in(text)
    assert found.as_zone == {"740812"}


def test_slashes_leave_the_order_of_day_and_month_open():
    (found,) = dates_in("03/04/2001")
    assert found.as_zone == {"010403", "010304"}
    (found,) = dates_in("25/04/2001")
    assert found.as_zone == {"010425"}


def test_several_dates_of_a_line_are_all_read():
    found = dates_in("10 DEC/DEC 11 10 DEC/DEC 16")
    assert [day.as_zone for day in found] == [{"111210"}, {"161210"}]


@pytest.mark.parametrize(
    "text", ["31.02.1974", "12.13.1974", "L898902C3", "12 ABC 1974", "", "1234567890", "12.08.0974"]
)
def test_what_is_no_date_is_none(text):
    assert dates_in(text) == []


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%d %b %Y"]),
)
def test_every_day_comes_back(day, form):
    (found,) = dates_in(day.strftime(form))
    assert day.strftime("%y%m%d") in found.as_zone


@given(st.text(max_size=60))
def test_no_text_raises(text):
    for day in dates_in(text):
        assert 0 <= day.span[0] < day.span[1] <= len(text)
    label_of(text)
    fold(text)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Passport No. / No de passeport", Label.NUMBER),
        ("Card No. / No de carte", Label.NUMBER),
        ("Surname / Nom", Label.SURNAME),
        ("Given names / Prénoms", Label.GIVEN_NAMES),
        ("Givennames/Prenoms", Label.GIVEN_NAMES),
        ("Date of birth / Date de naissance", Label.BIRTH_DATE),
        ("Fecha de nacimiento", Label.BIRTH_DATE),
        ("Place of birth / Lieu de naissance", Label.OTHER),
        ("Date of issue / Date de délivrance", Label.OTHER),
        ("Date of expiry / Date d'expiration", Label.EXPIRY_DATE),
        ("Gültig bis", Label.EXPIRY_DATE),
        ("Sex / Sexe", Label.SEX),
        ("Nationality", Label.OTHER),
        ("BRANDVOLD", None),
        ("12 AUG 1974", None),
        ("U12X45678", None),
    ],
)
def test_labels_say_what_stands_beside_them(text, label):
    assert label_of(text) is label


def test_look_alikes_are_those_that_ocr_confuses_and_no_two_digits():
    assert all(alike(a, b) for a, b in ("O0", "I1", "B8", "S5", "Z2", "G6", "AA"))
    digits = "0123456789"
    assert not any(alike(a, b) for a in digits for b in digits if a != b)
