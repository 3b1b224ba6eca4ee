"""How does the framework say that an input is wrong? As one letter that lists everything that was found.

    raise InputError(["`sales` is text on line 17 ...: write a number", ...], source="sales.csv")

Code that checks collects sentences into a list and raises once, so that the reader mends a file in one go. Each
sentence says what is wrong, where, and what to do. The command line turns an `InputError` into exit code 2.

To add a check, append a sentence to the list its neighbours use; a new exception class is not needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class InputError(ValueError):
    """The input is wrong, and the user can mend it; `problems` lists everything that was found."""

    def __init__(self, problems: Sequence[str], source: str = "") -> None:
        self.problems = list(problems)
        self.source = source
        where = f" in {source}" if source else ""
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}{where}:"
        super().__init__("\n".join([count, *(f"  - {problem}" for problem in problems)]))


class StudyError(InputError):
    """`study.yaml` cannot be used as it stands; `usable` is what is left without its faulty entries, if anything."""

    def __init__(self, problems: Sequence[str], source: str = "", usable: object = None) -> None:
        super().__init__(problems, source)
        self.usable = usable


def closest(word: str, allowed: Iterable[str]) -> str:
    """The remedy for a word nobody knows: the nearest known one if there is one, and all of them."""
    known = list(allowed)
    folded = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    meant = f"did you mean {folded[near[0]]!r}? " if near else ""
    return f"{meant}known here: {listing(known, 30)}"


def listing(words: Sequence[str], limit: int = 10) -> str:
    """`a, b, c and 37 more`: a list that stays readable however long it is."""
    shown = ", ".join(str(word) for word in words[:limit])
    return f"{shown} and {len(words) - limit} more" if len(words) > limit else shown
