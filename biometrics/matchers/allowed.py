"""The kiosk's allow-list: which matchers of others may be loaded, by name and hash."""

import re
from dataclasses import dataclass

from biometrics.matchers.errors import MatcherError, MatcherErrorCode

NAME_RULE = "a matcher is named with 2 to 48 of a-z, 0-9 and -"
NAME_PATTERN = r"[a-z0-9][a-z0-9-]{1,47}"
_NAME = re.compile(NAME_PATTERN)
_HEXADECIMAL = frozenset("0123456789abcdef")


def is_matcher_name(text: str) -> bool:
    """Whether `text` may name a matcher; such a name is also safe as a part of a path."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class AllowedMatcher:
    """A line of the kiosk's allow-list: a name, and the SHA-256 (hex) that it must have.

    Raises:
        MatcherError: NOT_ALLOWED when these are no name and no digest.
    """

    name: str
    sha256: str

    def __post_init__(self) -> None:
        if not is_matcher_name(self.name):
            raise MatcherError(MatcherErrorCode.NOT_ALLOWED, NAME_RULE)
        if len(self.sha256) != 64 or not _HEXADECIMAL.issuperset(self.sha256):
            raise MatcherError(
                MatcherErrorCode.NOT_ALLOWED,
                f"matcher {self.name} is allowed by a SHA-256: 64 hexadecimal digits in lower case",
            )

    @classmethod
    def from_plain(cls, rows: object) -> "tuple[AllowedMatcher, ...]":
        """Read the list `allow` of the table `[matchers]` in `kiosk.toml`.

        Raises:
            MatcherError: NOT_ALLOWED when it is not a list of names with digests.
        """
        if not isinstance(rows, list) or not all(
            isinstance(row, dict)
            and row.keys() == {"name", "sha256"}
            and all(isinstance(value, str) for value in row.values())
            for row in rows
        ):
            raise MatcherError(
                MatcherErrorCode.NOT_ALLOWED,
                'matchers.allow is a list of { name = "…", sha256 = "…" }',
            )
        return tuple(cls(row["name"], row["sha256"]) for row in rows)
