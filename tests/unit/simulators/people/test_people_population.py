"""The people's papers go with their faces, and nothing about them leaks into a repr."""

import re
from datetime import date

import pytest

from simulators.people import PEOPLE, Person, Sex

SHOWN_IN = 2026
"""The year in which the portraits are taken."""


def test_there_are_enough_people_with_ids_in_order() -> None:
    assert len(PEOPLE) >= 24
    assert [person.id for person in PEOPLE] == [f"p{n:02}" for n in range(1, len(PEOPLE) + 1)]


def test_no_two_people_share_a_name_a_birth_date_or_a_face() -> None:
    for attribute in (
        lambda p: (p.surname, p.given_names),
        lambda p: p.birth_date,
        lambda p: p.identity.key(),
    ):
        assert len({attribute(person) for person in PEOPLE}) == len(PEOPLE)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.id)
def test_papers_go_with_the_face(person: Person) -> None:
    face = person.identity.face()
    assert (person.sex is Sex.MALE) == face.is_male
    assert abs((SHOWN_IN - person.birth_date.year) - face.apparent_age) <= 3
    assert person.birth_date < date(SHOWN_IN - 18, 1, 1)


def test_nationalities_are_codes_and_several() -> None:
    nationalities = {person.nationality for person in PEOPLE}
    assert all(re.fullmatch(r"[A-Z]{3}", code) for code in nationalities)
    assert {"USA", "CAN", "MEX"} < nationalities


def test_both_sexes_are_there_in_number() -> None:
    women = sum(person.sex is Sex.FEMALE for person in PEOPLE)
    assert 0.4 <= women / len(PEOPLE) <= 0.6


def test_a_repr_shows_the_id_and_nothing_that_identifies() -> None:
    person = PEOPLE[0]
    assert person.id in repr(person)
    assert person.surname not in repr(person)
    assert str(person.birth_date.year) not in repr(person)
