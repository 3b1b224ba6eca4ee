"""How does a fact become words that a reader of some country takes for granted?

A sentence is a template in English plus facts; the template says *how* each fact reads, never what it is:

    say(language, "Move *{shift:money}* from {givers:names}: a {p:chance} chance of a gain.", shift=1.1e6, ...)

`*...*` is strong, `~...~` is quiet. A `{fact:kind}` is shown by the function of `SHOW` with that name, in the locale's
own digits, separators and currency position. Magnitudes adapt: EUR 1.12m, EUR 748k, EUR 0.020. The values of an
interval share one unit. Templates are the messages of the catalogues (`mmm.speech`). A `{fact:phrase}` is a template
itself, filled with the same facts; `{fact:word}` a message. No digit is ever typed into a template.

To add a kind, write a function `(language, value) -> str` and name it in `SHOW`.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from babel import Locale
from babel.lists import format_list

from mmm import speech
from mmm.plots.names import in_text, spoken
from mmm.retelling import retell
from mmm.speech import Plural, translated
from mmm.speech import plural as plural
from mmm.study import INTERVAL

Number = float | int

LISTED = 4
"""The most names a sentence lists before it says how many others there are."""


@dataclass(frozen=True)
class Language:
    """Words, number formats and units of one document.

    `valued` says that contributions have a money value; `outcome` is the KPI's name and `kpi` the name of what a
    contribution is counted in: the same, or the KPI's value (`the_kpi` with the article that some languages need);
    `period` is the word for one period of the data (`week`);
    `columns` are the names of channels and controls, which texts written elsewhere mention as the study has them.
    """

    locale: str
    currency: str
    valued: bool = True
    kpi: str = "revenue"
    the_kpi: str = "revenue"
    outcome: str = "revenue"
    period: str = "week"
    columns: tuple[str, ...] = ()

    @property
    def babel(self) -> Locale:
        return speech.babel(self.locale)


@dataclass(frozen=True)
class Sentence:
    """A template with the facts it was filled with, as runs of `(text, style)` ready for any document."""

    template: str
    facts: dict[str, Any]
    runs: tuple[tuple[str, str], ...] = field(compare=False)

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.runs)


def standing(language: Language) -> dict[str, Any]:
    """The facts that every sentence may use without being given them."""
    return {
        "level": INTERVAL[1] - INTERVAL[0],
        "currency": language.currency,
        "coin": money_at(language, 1.0, Scale(0, 0)),
        "kpi": language.kpi,
        "the_kpi": language.the_kpi,
        "outcome": language.outcome,
        "period": language.period,
    }


def say(language: Language, template: str | Plural, **facts: Any) -> Sentence:
    """The sentence that `template` and `facts` make in the document's language."""
    runs = _elided(language, _runs(language, template, standing(language) | facts))
    english = translated(template, "en") if isinstance(template, Plural) else template
    return Sentence(english, facts, tuple(runs))


def _runs(language: Language, template: str | Plural, known: dict[str, Any], style: str = "") -> list[tuple[str, str]]:
    """The template's own words and its facts, each in its style."""
    runs = []
    for literal, name, kind, _ in string.Formatter().parse(translated(template, language.locale)):
        for part in re.split(r"([*~])", literal):
            if part in ("*", "~"):
                style = "" if style else {"*": "strong", "~": "quiet"}[part]
            elif part:
                runs.append((part, style))
        if name and kind == "phrase":
            runs += _runs(language, known[name], known, style)
        elif name:
            runs.append((SHOW[kind or "text"](language, known[name]), style))
    return runs


def _elided(language: Language, runs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The runs with what French drops where one run meets the next."""
    for place in range(len(runs) - 1):
        (before, style), (after, _) = runs[place : place + 2]
        both = speech.elided(before[-3:] + after[:2], language.locale)
        if both != before[-3:] + after[:2]:
            runs[place] = (before[:-3] + both[: len(both) - len(after[:2])], style)
    return runs


def styled(sentence: Sentence, style: str) -> Sentence:
    """The same sentence with one style for all of it: `good`, `bad`, `caution`, `quiet` or `strong`."""
    return Sentence(sentence.template, sentence.facts, tuple((text, style) for text, _ in sentence.runs))


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
    text = speech.decimal(value / 1000**at.power, at.decimals, language.locale)
    return text + (speech.magnitude(at.power, language.locale) if unit else "")


def money_at(language: Language, value: Number, at: Scale) -> str:
    """Money at a scale, the currency's sign where the locale puts it."""
    if not math.isfinite(value):
        return "–"
    cents = Scale(0, 2) if at == Scale(0, 1) else at
    amount = number(language, abs(value), cents)
    placed = speech.with_currency(amount, speech.symbol(language.currency, language.locale), language.locale)
    return ("−" if round(value / 1000**cents.power, cents.decimals) < 0 else "") + placed


def unit_name(language: Language, at: Scale, money: bool = True) -> str:
    """The unit that a table's header names: `€k`, `M€`, or the magnitude of a count."""
    if not money:
        return speech.magnitude(at.power, language.locale).strip("\u202f")
    return speech.unit_of_money(at.power, speech.symbol(language.currency, language.locale), language.locale)


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


def _range(language: Language, ends: Sequence[str]) -> str:
    return translated("{low} to {high}", language.locale).format(low=ends[0], high=ends[1])


def _interval(language: Language, bounds: Sequence[Number]) -> str:
    at = _interval_scale(bounds)
    return _range(language, [money_at(language, value, at) for value in bounds])


def _count_interval(language: Language, bounds: Sequence[Number]) -> str:
    at = _interval_scale(bounds)
    return _range(language, [number(language, value, at) for value in bounds])


def _ratio_scale(values: Sequence[Number]) -> Scale:
    """Two decimals, more only where they would all be zeros."""
    largest = max(map(abs, values))
    return scale(values) if largest >= 10 else Scale(0, 2) if largest >= 0.1 else scale(values, digits=2)


def _ratio(language: Language, value: Number) -> str:
    return number(language, value, _ratio_scale([value]))


def _ratio_interval(language: Language, bounds: Sequence[Number]) -> str:
    at = _ratio_scale(bounds)
    return _range(language, [number(language, value, at) for value in bounds])


def _percent(language: Language, value: Number) -> str:
    digits = 0 if abs(value) >= 0.0995 or value == 0 else 1 if abs(value) >= 0.001 else 2
    return speech.percentage(value, digits, language.locale)


def _chance(language: Language, value: Number) -> str:
    if not math.isfinite(value):
        return "–"
    bounded = min(max(round(value, 2), 0.01), 0.99)
    mark = ">" if value > 0.995 else "<" if value < 0.005 else ""
    return mark + speech.percentage(bounded, 0, language.locale)


def _names(language: Language, names: Sequence[str]) -> str:
    names = [spoken(name) for name in names]
    if len(names) > LISTED:
        others = say(language, "{n:integer} other channels", n=len(names) - LISTED + 1).text
        names = [*names[: LISTED - 1], others]
    return str(format_list(list(names), locale=language.babel))


def _date(form: str) -> Callable[[Language, Any], str]:
    def show(language: Language, value: Any) -> str:
        day = dt.date.fromisoformat(str(value)[:10])
        return speech.day(day, form, language.locale)

    return show


def _value(language: Language, value: Number) -> str:
    return _money(language, value) if language.valued else _count(language, value)


def _value_interval(language: Language, bounds: Sequence[Number]) -> str:
    return _interval(language, bounds) if language.valued else _count_interval(language, bounds)


SHOW: dict[str, Callable[[Language, Any], str]] = {
    "text": lambda language, value: str(value),
    "integer": lambda language, value: speech.decimal(round(value), 0, language.locale),
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
    "message": lambda language, value: retell(in_text(str(value), language.columns), language.locale),
    "word": lambda language, value: translated(str(value), language.locale),
    "term": lambda language, value: speech.within(translated(str(value), language.locale), language.locale),
    "date": _date("long"),
    "short_date": _date("medium"),
}
"""How each kind of fact is shown.

`value` is money where the KPI has a money value, and a count where it has none; a `channel` and `names` are written as
people write them, also where a `message` of another chapter mentions them.
"""
