"""How is a sentence that another chapter wrote into the run's tables told in the reader's language?

The tables hold plain English, for whoever opens them. Each of their sentences was made from a template of the catalogue
(context `run`): the template whose words it has gives the translation, and what stood in its placeholders is retold in
its turn, down to numbers and dates:

    retell("tv: R-hat 1.312 is over 1.01: the chains disagree. ...", "fr-FR")
    # "tv : R-hat de 1,312, au-dessus de 1,01 : les chaînes ne concordent pas. ..."

A sentence that no template made stays as it was written.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import string
from collections.abc import Sequence

from mmm import speech

TERMS = (
    " in {0}",
    "{0} periods before data.window.start {1} only feed carryover",
    "{0} rows after data.window.end {1} were left out",
    "all",
    "all channels",
    "all geos",
    "all pairs",
    "all parameters",
    "data",
    "down",
    "holdout",
    "kpi",
    "less",
    "less than 1%",
    "more",
    "quarter",
    "quarter or geo",
    "sampler",
    "sigma",
    "the season",
    "the trend",
    "geo",
    "spend without exposure",
    "exposure without spend",
    "up",
)
"""Words of the sentences' placeholders, subjects that are no channels, and notes of a panel."""

JOINTS = re.compile(r"(; |\.$| and \d+ more)")
"""Where texts are joined that were made apart."""

SEMICOLON = {"fr": "\u202f; "}

NUMBER = re.compile(
    r"(?<![\w.])(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<decimals>\d+))?(?P<percent> ?%)?(?![\w]|\.\d)"
)
DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


def retell(text: str, locale: str) -> str:
    """`text` in the language of `locale`."""
    if speech.babel(locale).language == "en":
        return localised(text, locale)
    if text in ("; ", "."):
        return text.replace("; ", SEMICOLON.get(speech.babel(locale).language, "; "))
    for shape, template in _shapes(speech.babel(locale).language):
        found = shape.fullmatch(text)
        if found:
            parts = [retell(found[group], locale) for group in sorted(shape.groupindex)]
            return speech.elided(template.format(*parts), locale)
    pieces = JOINTS.split(text)
    return "".join(retell(piece, locale) for piece in pieces) if len(pieces) > 1 else localised(text, locale)


@functools.cache
def _shapes(language: str) -> Sequence[tuple[re.Pattern[str], str]]:
    """Each template as a pattern with its translation, the longest first."""
    known = speech.catalogue(language)
    entries = {
        str(entry.id): str(entry.string) for entry in known or () if entry.context == speech.WRITTEN and entry.string
    }
    return [(_shape(english), entries[english]) for english in sorted(entries, key=len, reverse=True)]


def _shape(template: str) -> re.Pattern[str]:
    """What a template looks like once it is filled."""
    pattern = ""
    for literal, name, _, _ in string.Formatter().parse(template):
        pattern += re.escape(literal) + (f"(?P<at{int(name):02d}>.*?)" if name is not None else "")
    return re.compile(pattern, re.DOTALL)


def localised(text: str, locale: str) -> str:
    """The text with its dates and numbers as the locale writes them."""
    dates = [speech.day(dt.date.fromisoformat(date), "medium", locale) for date in DATE.findall(text)]
    pieces = [NUMBER.sub(lambda found: _number(found, locale), piece) for piece in DATE.split(text)]
    return "".join(piece + date for piece, date in zip(pieces, [*dates, ""], strict=True))


def _number(found: re.Match[str], locale: str) -> str:
    value = float(found["whole"].replace(",", "") + "." + (found["decimals"] or "0"))
    decimals = len(found["decimals"] or "")
    if found["percent"]:
        return speech.percentage(value / 100, decimals, locale)
    years = "," not in found["whole"] and not decimals and len(found["whole"]) == 4
    return found["whole"] if years else speech.decimal(value, decimals, locale)
