"""In which language do figures and documents speak? In the study's: `report.locale` chooses words and number formats.

    with speaking("fr-FR"):
        word("{what} per {period}", what=word("Revenue"), period=word("week"))      # "Chiffre d'affaires par semaine"

A message is its English text; `locale/<language>/LC_MESSAGES/mmm.po` has the others, and is read as it is: there is
nothing to compile. What a language lacks is said in English, with that language's own digits and dates (Babel).

To add a language, copy a catalogue, name the magnitudes of its numbers in `UNITS`, and translate until
`python -m reports.messages` finds nothing missing.
"""

from __future__ import annotations

import functools
import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.numbers import format_decimal, format_percent, get_currency_symbol

CATALOGUES = Path(__file__).parent / "locale"

WRITTEN = "run"
"""The context of messages that a run's tables hold: a report retells them (`mmm.retelling`)."""

UNITS = {
    "en": ("", "k", "m", "bn", "tn"),
    "fr": ("", "\u202fk", "\u202fM", "\u202fMd", "\u202fBn"),
    "de": ("", "\u202fTsd.", "\u202fMio.", "\u202fMrd.", "\u202fBio."),
}
"""How thousands, millions and so on are written; a language that is not here writes them as in English."""

JOINED = ("fr",)
"""Languages that write a magnitude and a currency as one word: M€."""

_speaking: ContextVar[str] = ContextVar("locale", default="en-GB")


@dataclass(frozen=True)
class Plural:
    """A message for one thing and one for several; the language decides which of its forms `count` takes."""

    count: int
    one: str
    many: str


def plural(count: int, one: str, many: str) -> Plural:
    """The message for `count` things."""
    return Plural(count, one, many)


def message(text: str) -> str:
    """Marks a text that is translated where it is used."""
    return text


@contextmanager
def speaking(locale: str | None) -> Iterator[None]:
    """Everything said inside is said in `locale`; None keeps the language."""
    token = _speaking.set(locale or _speaking.get())
    try:
        yield
    finally:
        _speaking.reset(token)


def spoken_locale() -> str:
    """The locale that is spoken now."""
    return _speaking.get()


@functools.cache
def babel(locale: str) -> Locale:
    return Locale.parse(locale.replace("-", "_"))


@functools.cache
def catalogue(language: str) -> Catalog | None:
    """The translations into a language; None where there are none."""
    from babel.messages.pofile import read_po

    path = CATALOGUES / language / "LC_MESSAGES" / "mmm.po"
    if not path.exists():
        return None
    with path.open("rb") as file:
        return read_po(file, locale=language)


def translated(text: str | Plural, locale: str) -> str:
    """The message in a locale's language, in English where the catalogue lacks it."""
    known = catalogue(babel(locale).language)
    if isinstance(text, Plural):
        entry = known.get((text.one, text.many)) if known else None
        if known and entry and isinstance(entry.string, tuple) and all(entry.string):
            return entry.string[gettext.c2py(known.plural_expr)(text.count)]
        return text.one if text.count == 1 else text.many
    entry = known.get(text) if known else None
    return str(entry.string) if entry and entry.string else text


def word(text: str | Plural, **facts: Any) -> str:
    """A message in the language that is spoken now, its placeholders filled with `facts`."""
    return elided(translated(text, spoken_locale()).format(**facts), spoken_locale())


def elided(text: str, locale: str) -> str:
    """French drops the vowel of a short word before another vowel: what a placeholder holds is only known now."""
    if babel(locale).language != "fr":
        return text
    return re.sub(r"\b([dlDL])[ea] (?=[aeiouàâéèêëîïôûAEIOUÉÈÊÀ]\w)", r"\1’", text)


def within(text: str, locale: str) -> str:
    """A term as it stands within a sentence: small, but German nouns and abbreviations keep their capitals."""
    return text if text.isupper() or babel(locale).language == "de" else text.lower()


def natural(name: str) -> list[tuple[float, str]]:
    """A key that sorts names as people read them, numbers by their size: `Geo2` before `Geo10`."""
    parts = re.findall(r"(\d+)|(\D+)", name.casefold())
    return [(float(digits or "inf"), text) for digits, text in parts]


def capitalised(text: str) -> str:
    """The text with a capital at its beginning, and the rest as it is."""
    return text[:1].upper() + text[1:]


def decimal(value: float | int, decimals: int, locale: str) -> str:
    """A number with so many decimals and a true minus sign."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(round(value, decimals) + 0.0, format=pattern, locale=babel(locale))).replace("-", "−")


def percentage(share: float | int, decimals: int, locale: str) -> str:
    """A share in percent, with the locale's space before the sign."""
    pattern = str(babel(locale).percent_formats[None].pattern).replace("0", (decimals and "0." + "0" * decimals) or "0")
    return str(format_percent(share, format=pattern, locale=babel(locale))).replace("-", "−")


def magnitude(power: int, locale: str) -> str:
    """How 1000 to this power is written behind a number, with the space before it."""
    return UNITS.get(babel(locale).language, UNITS["en"])[power]


def symbol(currency: str, locale: str) -> str:
    return str(get_currency_symbol(currency, babel(locale)))


def with_currency(amount: str, sign: str, locale: str) -> str:
    """An amount with its currency's sign where the locale puts it; a sign of letters stands off: `CHF 12k`."""
    pattern = str(babel(locale).currency_formats["standard"].pattern).split(";")[0]
    before = sign + "\xa0" * sign[-1:].isalpha() if pattern.startswith("¤#") else sign
    placed = re.sub(r"[#,0.]+", lambda _: amount, pattern).replace("¤", before)
    joined = babel(locale).language in JOINED and not amount[-1:].isdigit()
    return placed.replace(f"\xa0{sign}", sign) if joined else placed


def unit_of_money(power: int, sign: str, locale: str) -> str:
    """The unit that an axis or a column's head names: `€k`, `M€`, `Tsd. €`."""
    letter = magnitude(power, locale).strip("\u202f")
    if not str(babel(locale).currency_formats["standard"].pattern).split(";")[0].endswith("¤"):
        return sign + "\xa0" * (bool(letter) and sign[-1:].isalpha()) + letter
    return letter + ("\xa0" if letter and babel(locale).language not in JOINED else "") + sign


def day(date: Any, form: str, locale: str) -> str:
    """A date in a Babel form; the French say the first of a month as an ordinal."""
    text = str(format_date(date, format=form, locale=babel(locale)))
    return re.sub(r"^1 ", "1er ", text) if babel(locale).language == "fr" else text
