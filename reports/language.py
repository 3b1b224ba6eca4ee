"""How does a fact become words that a reader of some country takes for granted?

A sentence is a template in English plus facts; the template says *how* each fact reads, never what it is:

    say(language, "Move *{shift:money}* from {givers:names}: a {p:chance} chance of a gain.", shift=1.1e6, ...)

`*...*` is strong, `~...~` is quiet. A `{fact:kind}` is shown by the function of `SHOW` with that name, in the locale's
own digits, separators and currency position (Babel). Magnitudes adapt: EUR 1.12m, EUR 748k, EUR 0.020. The values of
an interval share one unit. Templates are the message ids of the gettext catalogue `locale/<language>.po`; a language
without one is written in English with its own number formats. No digit is ever typed into a template.

To add a kind, write a function `(language, value) -> str` and name it in `SHOW`.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent, get_currency_symbol

from mmm.plots.names import in_text, spoken
from mmm.study import INTERVAL

CATALOGUES = Path(__file__).parent / "locale"
UNITS = {
    "en": ("", "k", "m", "bn", "tn"),
    "fr": ("", "\u202fk", "\u202fM", "\u202fMd", "\u202fBn"),
    "de": ("", "\u202fTsd.", "\u202fMio.", "\u202fMrd.", "\u202fBio."),
}
Number = float | int

LISTED = 4
"""The most names a sentence lists before it says how many others there are."""


@dataclass(frozen=True)
class Language:
    """Words, number formats and units of one document.

    `valued` says that contributions have a money value; `outcome` is the KPI's name and `kpi` the name of what a
    contribution is counted in: the same, or the KPI's value; `period` is the word for one period of the data (`week`);
    `columns` are the names of channels and controls, which texts written elsewhere mention as the study has them.
    """

    locale: str
    currency: str
    valued: bool = True
    kpi: str = "revenue"
    outcome: str = "revenue"
    period: str = "week"
    columns: tuple[str, ...] = ()

    @property
    def babel(self) -> Locale:
        return _locale(self.locale)


@dataclass(frozen=True)
class Sentence:
    """A template with the facts it was filled with, as runs of `(text, style)` ready for any document."""

    template: str
    facts: dict[str, Any]
    runs: tuple[tuple[str, str], ...] = field(compare=False)

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.runs)


@functools.cache
def _locale(name: str) -> Locale:
    return Locale.parse(name.replace("-", "_"))


@functools.cache
def _catalogue(language: str) -> dict[str, str]:
    from babel.messages.pofile import read_po

    path = CATALOGUES / f"{language}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}


def standing(language: Language) -> dict[str, Any]:
    """The facts that every sentence may use without being given them."""
    return {
        "level": INTERVAL[1] - INTERVAL[0],
        "currency": language.currency,
        "kpi": language.kpi,
        "outcome": language.outcome,
        "period": language.period,
    }


def say(language: Language, template: str, **facts: Any) -> Sentence:
    """The sentence that `template` and `facts` make in the document's language."""
    translated = _catalogue(language.babel.language).get(template, template)
    known = standing(language) | facts
    runs = []
    style = ""
    for literal, name, kind, _ in string.Formatter().parse(translated):
        for part in re.split(r"([*~])", literal):
            if part in ("*", "~"):
                style = "" if style else {"*": "strong", "~": "quiet"}[part]
            elif part:
                runs.append((part, style))
        if name:
            runs.append((SHOW[kind or "text"](language, known[name]), style))
    return Sentence(template, facts, tuple(runs))


def styled(sentence: Sentence, style: str) -> Sentence:
    """The same sentence with one style for all of it: `good`, `bad`, `caution`, `quiet` or `strong`."""
    return Sentence(sentence.template, sentence.facts, tuple((text, style) for text, _ in sentence.runs))


def plural(count: int, one: str, many: str) -> str:
    """The template for one thing or for several."""
    return one if count == 1 else many


@dataclass(frozen=True)
class Scale:
    """Numbers that share a unit: divided by 1000 ** `power`, with `decimals`."""

    power: int
    decimals: int


def scale(values: Iterable[Number], digits: int = 3) -> Scale:
    """The scale at which the largest of `values` shows `digits` significant digits."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest == 0:
        return Scale(0, 0)
    largest = float(f"{largest:.{digits - 1}e}")
    power = min(max(math.floor(math.log10(largest) / 3 + 1e-9), 0), 4)
    leading = math.floor(math.log10(largest / 1000**power) + 1e-9)
    return Scale(power, min(max(digits - 1 - leading, 0), 6))


def column_scale(values: Iterable[Number]) -> Scale:
    """One scale for a table's column: set by its middle value, so that small rows keep their digits."""
    sizes = sorted(abs(value) for value in values if math.isfinite(value) and value)
    middle = scale(sizes[len(sizes) // 2 :][:1] or [0.0])
    return Scale(middle.power, min(middle.decimals, 2) if middle.power or middle.decimals <= 2 else middle.decimals)


def number(language: Language, value: Number, at: Scale, unit: bool = True) -> str:
    """`value` at a scale, with its magnitude's letter unless `unit` is False."""
    if not math.isfinite(value):
        return "–"
    pattern = "#,##0" + ("." + "0" * at.decimals if at.decimals else "")
    rounded = round(value / 1000**at.power, at.decimals) + 0.0
    text = format_decimal(rounded, format=pattern, locale=language.babel).replace("-", "−")
    return text + (UNITS[language.babel.language][at.power] if unit else "")


def money_at(language: Language, value: Number, at: Scale) -> str:
    """Money at a scale, the currency's sign where the locale puts it."""
    if not math.isfinite(value):
        return "–"
    cents = Scale(0, 2) if at == Scale(0, 1) else at
    amount = number(language, abs(value), cents)
    pattern = str(language.babel.currency_formats["standard"].pattern).split(";")[0]
    placed = re.sub(r"[#,0.]+", lambda _: amount, pattern).replace(
        "¤", get_currency_symbol(language.currency, language.babel)
    )
    return ("−" if round(value / 1000**cents.power, cents.decimals) < 0 else "") + placed


def unit_name(language: Language, at: Scale, money: bool = True) -> str:
    """The unit that a table's header names: `€k`, `£m`, or the magnitude of a count."""
    letter = UNITS[language.babel.language][at.power].strip("\u202f")
    return (get_currency_symbol(language.currency, language.babel) if money else "") + letter


def _money(language: Language, value: Number) -> str:
    return money_at(language, value, scale([value]))


def _count(language: Language, value: Number) -> str:
    return number(language, value, scale([value]))


def _signed(show: Callable[[Language, Number], str]) -> Callable[[Language, Number], str]:
    return lambda language, value: ("+" if value > 0 else "") + show(language, value)


def _interval_scale(bounds: Sequence[Number]) -> Scale:
    """The scale of the wider end, or one step finer where the other end would show a single digit."""
    at = scale(bounds)
    sizes = sorted(abs(bound) / 1000**at.power for bound in bounds if math.isfinite(bound) and bound)
    return Scale(at.power - 1, 0) if at.power and sizes[0] < 0.095 and sizes[-1] < 9.9995 else at


def _interval(language: Language, bounds: Sequence[Number]) -> str:
    at = _interval_scale(bounds)
    return " to ".join(money_at(language, value, at) for value in bounds)


def _count_interval(language: Language, bounds: Sequence[Number]) -> str:
    at = _interval_scale(bounds)
    return " to ".join(number(language, value, at) for value in bounds)


def _ratio_scale(values: Sequence[Number]) -> Scale:
    """Two decimals, more only where they would all be zeros."""
    largest = max(map(abs, values))
    return scale(values) if largest >= 10 else Scale(0, 2) if largest >= 0.1 else scale(values, digits=2)


def _ratio(language: Language, value: Number) -> str:
    return number(language, value, _ratio_scale([value]))


def _ratio_interval(language: Language, bounds: Sequence[Number]) -> str:
    at = _ratio_scale(bounds)
    return " to ".join(number(language, value, at) for value in bounds)


def _percent(language: Language, value: Number) -> str:
    digits = 0 if abs(value) >= 0.0995 or value == 0 else 1 if abs(value) >= 0.001 else 2
    pattern = str(language.babel.percent_formats[None].pattern).replace("0", "0." + "0" * digits if digits else "0")
    return str(format_percent(value, format=pattern, locale=language.babel)).replace("-", "−")


def _chance(language: Language, value: Number) -> str:
    if not math.isfinite(value):
        return "–"
    bounded = min(max(round(value, 2), 0.01), 0.99)
    mark = ">" if value > 0.995 else "<" if value < 0.005 else ""
    return mark + str(format_percent(bounded, locale=language.babel))


def _names(language: Language, names: Sequence[str]) -> str:
    names = [spoken(name) for name in names]
    if len(names) > LISTED:
        others = say(language, "{n:integer} other channels", n=len(names) - LISTED + 1).text
        names = [*names[: LISTED - 1], others]
    return str(format_list(list(names), locale=language.babel))


def _date(form: str) -> Callable[[Language, Any], str]:
    def show(language: Language, value: Any) -> str:
        day = dt.date.fromisoformat(str(value)[:10])
        return str(format_date(day, format=form, locale=language.babel))

    return show


def _value(language: Language, value: Number) -> str:
    return _money(language, value) if language.valued else _count(language, value)


def _value_interval(language: Language, bounds: Sequence[Number]) -> str:
    return _interval(language, bounds) if language.valued else _count_interval(language, bounds)


SHOW: dict[str, Callable[[Language, Any], str]] = {
    "text": lambda language, value: str(value),
    "integer": lambda language, value: str(format_decimal(round(value), locale=language.babel)),
    "count": _count,
    "count_interval": _count_interval,
    "money": _money,
    "signed_money": _signed(_money),
    "money_interval": _interval,
    "value": _value,
    "signed_value": _signed(_value),
    "value_interval": _value_interval,
    "ratio": _ratio,
    "ratio_interval": _ratio_interval,
    "percent": _percent,
    "signed_percent": _signed(_percent),
    "chance": _chance,
    "names": _names,
    "channel": lambda language, value: spoken(str(value)),
    "message": lambda language, value: in_text(str(value), language.columns),
    "date": _date("long"),
    "short_date": _date("medium"),
}
"""How each kind of fact is shown.

`value` is money where the KPI has a money value, and a count where it has none; a `channel` and `names` are written as
people write them, also where a `message` of another chapter mentions them.
"""
