"""How do numbers and names fit on a figure? Scaled to the axis, shortened to the room, and kept apart.

An axis carries plain numbers and one label with the unit: `Revenue, EUR m` rather than six zeros a tick. `scale`
finds the thousand, million or billion of an axis; `number` writes one value in a running label; both write as the
language that is spoken does. `short` shortens names in the middle, where they differ least, and keeps them distinct
(`names` does so with channels, as people write them); `spread` and `make_room` see to it that no text overlaps another
or leaves the figure.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mmm import speech
from mmm.plots.names import spoken
from mmm.speech import word
from mmm.study import INTERVAL

LARGEST_POWER = 3
"""Nothing is counted in more than billions."""


@dataclass(frozen=True)
class Scale:
    """What an axis's numbers are divided by, and how the unit is then written: `€m`, `k units`, `€`."""

    divisor: float
    unit: str

    def of(self, values: np.ndarray) -> np.ndarray:
        """The values as the axis shows them."""
        return np.asarray(values, dtype=float) / self.divisor

    def label(self, what: str, per: str = "") -> str:
        """The label of the axis: `Spend, €m per week`; `per` is the word for a period."""
        head = word("{what}, {unit}", what=what, unit=self.unit) if self.unit else what
        return word("{what} per {period}", what=head, period=per) if per else head


def symbol(unit: str) -> str:
    """A currency's sign as the documents write it, `€` or `US$`; empty for a unit that is no currency."""
    locale = speech.spoken_locale()
    return speech.symbol(unit, locale) if unit in speech.babel(locale).currencies else ""


def scale(values: np.ndarray, unit: str = "") -> Scale:
    """The scale at which the largest of `values` is a number of one to three digits."""
    finite = np.abs(np.asarray(values, dtype=float))
    largest = float(np.max(finite, where=np.isfinite(finite), initial=0.0))
    power, locale = _power(largest), speech.spoken_locale()
    if sign := symbol(unit):
        return Scale(1000.0**power, speech.unit_of_money(power, sign, locale))
    letter = speech.magnitude(power, locale).strip()
    return Scale(1000.0**power, " ".join(part for part in (letter, unit) if part))


def number(value: float, digits: int = 2, sign: bool = False) -> str:
    """`value` in a few significant digits: `1.3m`, `−0.4`, `+12k`, `0.0021`; never `1e-05` and never `-0`."""
    if not math.isfinite(value):
        return "–"
    value = float(f"{value:.{max(digits, 3) - 1}e}")  # 999,960 is a million, not 1,000 thousand
    power, locale = _power(value), speech.spoken_locale()
    divisor = 1000.0**power
    size = float(f"{abs(value) / divisor:.{digits - 1}e}") if abs(value) < 100 * divisor else abs(value) / divisor
    decimals = max(digits - 1 - math.floor(math.log10(size)), 0) if size else 0
    text = speech.decimal(size, decimals, locale) + speech.magnitude(power, locale)
    return ("−" if value < 0 else "+" if sign and value else "") + text


def _power(value: float) -> int:
    """How often 1000 goes into the value."""
    return next((power for power in range(LARGEST_POWER, 0, -1) if abs(value) >= 1000.0**power), 0)


def money(value: float, unit: str, digits: int = 2, sign: bool = False) -> str:
    """`number` with its currency or unit: `+€1.3m`, `€250k`, `340 units`."""
    text = number(value, digits, sign)
    mark = symbol(unit)
    if mark and text != "–":
        head = text[0] if text[0] in "+−" else ""
        return head + speech.with_currency(text[len(head) :], mark, speech.spoken_locale())
    return f"{text} {unit}".rstrip()


def percent(share: float) -> str:
    """A share or a probability in whole percent; never 0 % or 100 %, which a sample cannot show."""
    if not math.isfinite(share):
        return "–"
    mark = ">" if 0.99 < share <= 1 else "<" if 0 <= share < 0.01 else ""
    shown = min(max(share, 0.01), 0.99) if mark else share
    return mark + speech.percentage(shown, 0, speech.spoken_locale())


def level() -> str:
    """The width of every interval: `90%`."""
    return percent(INTERVAL[1] - INTERVAL[0])


def listed(words: Sequence[str], most: int = 4) -> str:
    """`a, b and c`; of more than `most`, the first ones and how many others there are."""
    words = list(words) if len(words) <= most + 1 else [*words[:most], word("{n} others", n=len(words) - most)]
    return word("{first} and {last}", first=", ".join(words[:-1]), last=words[-1]) if len(words) > 1 else "".join(words)


def short(names: Sequence[str], width: int = 22) -> list[str]:
    """Each name in at most `width` characters, cut in the middle; names that differed still do."""
    cut = [name if len(name) <= width else _cut(name, width, width // 2) for name in names]
    for head in range(width - 2, 0, -1):
        twins = {text for text in cut if len({n for n, c in zip(names, cut, strict=True) if c == text}) > 1}
        if not twins:
            break
        cut = [_cut(n, width, head) if c in twins else c for n, c in zip(names, cut, strict=True)]
    return _numbered(names, cut, width)


def names(raw: Sequence[str], width: int = 22) -> list[str]:
    """Channels as people write them, each in at most `width` characters."""
    return short([spoken(name) for name in raw], width)


def _cut(name: str, width: int, head: int) -> str:
    tail = width - 1 - head
    return f"{name[:head].rstrip()}…{name[len(name) - tail :].lstrip()}"


def _numbered(names: Sequence[str], cut: list[str], width: int) -> list[str]:
    """Where no cut tells names apart, a number does."""
    seen: dict[str, dict[str, int]] = {}
    for name, text in zip(names, cut, strict=True):
        same = seen.setdefault(text, {})
        same.setdefault(name, len(same) + 1)
    numbers = [f" ({seen[text][name]})" if len(seen[text]) > 1 else "" for name, text in zip(names, cut, strict=True)]
    return [text[: width - len(number)] + number if number else text for text, number in zip(cut, numbers, strict=True)]


def wrapped(text: str, width: int) -> str:
    """`text` on lines of about `width` characters, broken between words and never inside one."""
    lines: list[str] = []
    for part in text.split(" "):
        if lines and len(lines[-1]) + 1 + len(part) <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return "\n".join(lines)


def at_right(ax: Axes, place: float | int, text: str, gap: float = 4.0, **look: Any) -> None:
    """Writes `text` beside the row at `place`, `gap` points to the right of the Axes."""
    ax.annotate(
        text,
        (1.0, place),
        xycoords=("axes fraction", "data"),
        xytext=(gap, 0),
        textcoords="offset points",
        va="center",
        ha="left",
        **look,
    )


def name_x(ax: Axes, text: str) -> None:
    """Names the x-axis, on several lines where one is wider than the Axes."""
    label = ax.set_xlabel(text)
    figure = ax.get_figure(root=True)
    assert figure is not None  # Axes that a plot was given always have one
    figure.draw_without_rendering()
    share = ax.get_window_extent().width / label.get_window_extent().width
    if share < 1:
        label.set_text(wrapped(text, max(int(share * len(text)), 8)))


def collide(texts: Sequence[Text], gap: float = 4.0) -> bool:
    """Whether any two neighbours of a row of drawn texts are less than `gap` pixels apart."""
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    return any(left.x1 + gap > right.x0 for left, right in itertools.pairwise(boxes))


def plain_ticks(axis: Axis, count: int = 5) -> None:
    """At most `count` round ticks, written without exponents or superfluous zeros."""
    axis.set_major_locator(MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]))
    locale = speech.spoken_locale()  # ticks are written when the figure is saved, and nobody speaks any more
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, locale)))


def short_ticks(axis: Axis, count: int = 4) -> None:
    """At most `count` round ticks that carry their own thousand or million: `20k`, `1.5m`."""
    axis.set_major_locator(MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]))
    locale = speech.spoken_locale()
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_tick(value, locale)))


def short_tick(value: float, locale: str = "en-GB") -> str:
    power = _power(float(f"{value:.9e}"))
    return _tick(value / 1000.0**power, locale) + speech.magnitude(power, locale)


def _tick(value: float, locale: str) -> str:
    text = f"{value:.10f}".rstrip("0")
    return speech.decimal(value, len(text.partition(".")[2]), locale) if abs(value) > 1e-12 else "0"


def spread(positions: Iterable[float], gap: float) -> np.ndarray:
    """The positions, moved as little as their order allows, until neighbours are `gap` apart."""
    wanted = np.asarray(list(positions), dtype=float)
    order = np.argsort(wanted, kind="stable")
    groups: list[list[float]] = []  # mean of what the members wanted (less their offset), and how many they are
    for place, index in enumerate(order):
        groups.append([wanted[index] - gap * place, 1.0])
        while len(groups) > 1 and groups[-2][0] >= groups[-1][0]:
            mean, count = groups.pop()
            groups[-1] = [
                (groups[-1][0] * groups[-1][1] + mean * count) / (groups[-1][1] + count),
                groups[-1][1] + count,
            ]
    moved = np.concatenate([[mean] * int(count) for mean, count in groups]) + gap * np.arange(len(wanted))
    placed = np.empty_like(wanted)
    placed[order] = moved
    return placed


def make_room(ax: Axes, pad: float = 0.01) -> None:
    """Widens the x-axis until every text inside the Axes lies within them."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # Axes that a plot was given always have one
    for _ in range(4):
        figure.draw_without_rendering()
        box = ax.get_window_extent()
        edges = [text.get_window_extent() for text in ax.texts if text.get_text()]
        over_left = max([box.x0 - edge.x0 for edge in edges] + [0.0])
        over_right = max([edge.x1 - box.x1 for edge in edges] + [0.0])
        if over_left <= 0.5 and over_right <= 0.5:
            return
        left, right = ax.get_xlim()
        unit = (right - left) / max(box.width - over_left - over_right, box.width / 4)
        ax.set_xlim(
            left - unit * (over_left + pad * box.width * (over_left > 0)),
            right + unit * (over_right + pad * box.width * (over_right > 0)),
        )
