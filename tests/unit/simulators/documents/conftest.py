"""What the tests of synthetic documents share."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest

from simulators.documents import DocumentKind, RenderedPage, render_page
from simulators.documents.specimens import specimen_lines
from simulators.people import PEOPLE, Person

EXPIRY = date(2031, 3, 14)


@pytest.fixture(scope="session", autouse=True)
def _portraits_in_a_cache_of_their_own(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """One rendering of each face that is needed, and none of an earlier version."""
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def holder() -> Person:
    return PEOPLE[4]


@pytest.fixture(scope="session")
def lines(holder: Person) -> Callable[[DocumentKind], tuple[str, ...]]:
    return lambda kind: specimen_lines(holder, kind, number="X40813725", expiry=EXPIRY)


@pytest.fixture(scope="session")
def page(
    holder: Person, lines: Callable[[DocumentKind], tuple[str, ...]]
) -> Callable[..., RenderedPage]:
    """Render a page, six pixels to the millimetre, each only once."""
    made: dict[str, RenderedPage] = {}

    def render(kind: DocumentKind = DocumentKind.PASSPORT, **options: object) -> RenderedPage:
        key = repr((kind, sorted(options.items())))
        if key not in made:
            chosen = {"mrz": lines(kind), "px_per_mm": 6.0, **options}
            made[key] = render_page(holder, kind, **chosen)  # type: ignore[arg-type]
        return made[key]

    return render
