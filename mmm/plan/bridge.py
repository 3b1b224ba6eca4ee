"""Why did media bring something else than was planned? The variance bridge, to the cent.

Of the channel with planned spend `S` and actual spend `s`, planned and actual cost of a unit of exposure `P` and `p`,
and value that a unit of exposure was planned to bring and brought, `V` and `v`,

    volume       more or less money altogether, at the planned split:        (T' / T - 1) S V / P
    mix          the actual money split otherwise than planned:              (s - S T' / T) V / P
    price        the actual money bought exposure at another price:          s V (1 / p - 1 / P)
    efficiency   a unit of exposure brought another value:                   (s / p) (v - V)

with `T` and `T'` the planned and the actual total. They add up to actual less planned contribution by construction,
since `plan = S V / P` and `actual = s v / p`. `unexplained` is the rest of the outcome: what total actual value differs
from the planned beyond media (`total_plan`, `total_actual`), which no channel is charged with.

Arithmetic is in `Decimal`. Each step is the difference of two amounts that are rounded to the cent once, so that the
steps of a channel, the channels of a step and the whole table sum exactly, whatever is read first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

import pandas as pd

from mmm.errors import InputError
from mmm.plan.finance import CENT

STEPS: Final = ("volume", "mix", "price", "efficiency")
"""The causes that a channel is charged with, in the order in which they are taken."""

DIGITS: Final = 40
"""Significant digits of the arithmetic before it is rounded to cents."""

Amount = Decimal | float | int


@dataclass(frozen=True)
class Line:
    """A channel's plan or its actuals: money spent, exposure bought, and the value it brought, in money."""

    channel: str
    spend: Amount
    exposure: Amount
    value: Amount


def variance_bridge(
    plan: Sequence[Line], actual: Sequence[Line], total_plan: Amount | None = None, total_actual: Amount | None = None
) -> pd.DataFrame:
    """`channel, step, amount` with `Decimal` amounts: `plan`, the steps and `actual` of each channel and of `all`.

    In the rows of `all`, `plan + volume + mix + price + efficiency + unexplained == actual` exactly, and each row but
    `unexplained` is the sum of the channels'. Totals left out are those of the channels, and nothing is unexplained.
    A channel that was not planned, or planned and not bought, has no price to compare: all of it counts as mix.

    Raises `InputError` when plan and actual do not name the same channels once, or an amount is negative.
    """
    _check(plan, actual)
    by_name = {line.channel: line for line in actual}
    with localcontext() as context:
        context.prec = DIGITS
        spent = [sum((_exact(line.spend) for line in lines), Decimal(0)) for lines in (plan, actual)]
        growth = spent[1] / spent[0] if spent[0] else Decimal(0)
        rows = {line.channel: _channel(line, by_name[line.channel], growth) for line in plan}
    summed = {step: sum((row[step] for row in rows.values()), Decimal("0.00")) for step in ("plan", *STEPS, "actual")}
    media = summed["actual"] - summed["plan"]
    first = summed["plan"] if total_plan is None else _cents(total_plan)
    last = summed["actual"] if total_actual is None else _cents(total_actual)
    everything = summed | {"plan": first, "unexplained": last - first - media, "actual": last}
    order = ("plan", *STEPS, "unexplained", "actual")
    table = [("all", step, everything[step]) for step in order]
    table += [(name, step, row[step]) for name, row in rows.items() for step in order if step in row]
    return pd.DataFrame(table, columns=["channel", "step", "amount"])


def _channel(plan: Line, actual: Line, growth: Decimal) -> dict[str, Decimal]:
    """A channel's plan, steps and actual in cents: amounts on the way, each rounded once, and their differences."""
    spend, exposure, value = _exact(plan.spend), _exact(plan.exposure), _exact(plan.value)
    now, bought, brought = _exact(actual.spend), _exact(actual.exposure), _exact(actual.value)
    way = [value, value * growth]
    if spend and exposure and now and bought:
        way += [value * now / spend, value * bought / exposure]
    else:
        way += [brought, brought]
    ends = [_cents(amount) for amount in [*way, brought]]
    steps = {step: after - before for step, before, after in zip(STEPS, ends[:-1], ends[1:], strict=True)}
    return {"plan": ends[0]} | steps | {"actual": ends[-1]}


def _exact(amount: Amount) -> Decimal:
    """A float as its shortest decimal: 0.1 is a tenth."""
    return amount if isinstance(amount, Decimal) else Decimal(repr(amount))


def _cents(amount: Amount) -> Decimal:
    return _exact(amount).quantize(CENT)


def _check(plan: Sequence[Line], actual: Sequence[Line]) -> None:
    planned, bought = [line.channel for line in plan], [line.channel for line in actual]
    problems = [f"{name}: in the plan and not in the actuals: give 0" for name in planned if name not in bought]
    problems += [f"{name}: in the actuals and not in the plan: give 0" for name in bought if name not in planned]
    problems += [
        f"{name}: {names.count(name)} lines in the {which}: add them up"
        for which, names in (("plan", planned), ("actuals", bought))
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    problems += [
        f"{line.channel}: its {what} of {getattr(line, what)} is negative or not a number: check the sign"
        for line in (*plan, *actual)
        for what in ("spend", "exposure")
        if not _exact(getattr(line, what)) >= 0
    ]
    if problems:
        raise InputError(problems)
