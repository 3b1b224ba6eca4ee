"""What does a plan mean for the profit and loss account, to the cent?

For every scenario, by channel and for all of them:

    revenue   value of the contribution, its carryover after the horizon included
    margin    revenue * contribution margin                 profit   margin - spend
    npv       the same, every amount discounted from the day it falls due
    payback   periods of the plan's average margin that it takes to earn the spend back

Spend falls due at the end of its period; the margin it brings arrives one half-life of the channel's carryover later.
Amounts are means over the joint draws; `p05` and `p95` run over the draws of the row's own total and do not add up.
Money is added in `Decimal`, in cents: the channels of a line sum to its total exactly, because the total is rounded
and the cents that rounding leaves over go to the channels with the largest remainders. Without a margin there is no
profit to speak of: the lines that need one are left out, and the note of the revenue line says so.

A new line is a new entry in `_channel_lines` (money, by channel) or `_plan_lines` (of the plan as a whole).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmm.plan.outlook import Outlook
from mmm.plan.risk import interval, probability, tail_mean
from mmm.study import Finance

CENT: Final = Decimal("0.01")
DIGITS: Final = Decimal("0.0001")

NO_MARGIN: Final = "margin, profit, NPV and payback need a contribution margin: give plan.finance.margin"

PerChannel = Float[np.ndarray, " channel"]
Draws = Float[np.ndarray, "sample channel"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """What turns outcomes into cash: margin, present value of a unit of spend and of margin by channel, and time."""

    margin: float | None
    spend_factor: PerChannel
    margin_factor: PerChannel
    periods: int


def terms(finance: Finance, view: Outlook) -> Terms:
    """The present value of money spent along each channel's flighting, and of the margin that follows it."""
    due = np.arange(1.0, len(view.flighting) + 1)[:, None]
    pattern = np.where(view.spend > 0, view.flighting, 1.0)
    pattern = pattern / pattern.sum(axis=0)

    def present_value(when: Float[np.ndarray, "period channel"]) -> PerChannel:
        return np.sum(pattern * (1 + finance.discount_rate) ** (-when / view.periods_per_year), axis=0)

    at_once = np.broadcast_to(due, view.flighting.shape)
    return Terms(finance.margin, present_value(at_once), present_value(due + view.delay), len(view.flighting))


def cents(amount: float) -> Decimal:
    """The amount in whole cents."""
    return Decimal(float(amount)).quantize(CENT, rounding=ROUND_HALF_EVEN)


def apportion(amounts: Sequence[float] | PerChannel) -> list[Decimal]:
    """The amounts in whole cents, so that they add up to the rounded total exactly (largest remainders first)."""
    exact = [Decimal(float(amount)) for amount in amounts]
    floors = [amount.quantize(CENT, rounding=ROUND_FLOOR) for amount in exact]
    left_over = int((cents(float(sum(exact, Decimal(0)))) - sum(floors, Decimal(0))) / CENT)
    by_remainder = sorted(range(len(exact)), key=lambda i: floors[i] - exact[i])
    for i in by_remainder[:left_over]:
        floors[i] += CENT
    return floors


def finance_table(scenarios: dict[str, tuple[PerChannel, Draws]], channels: Sequence[str], how: Terms) -> pd.DataFrame:
    """The lines of every scenario, from its spend and the draws of its revenue by channel; `hold` comes first.

    Columns `scenario, channel ("all" for the total), line, unit, amount, p05, p95, note`; amounts are `Decimal`.
    """
    rows: list[Row] = []
    reference = next(iter(scenarios.values()))
    for name, (spend, revenue) in scenarios.items():
        lines = _channel_lines(spend, revenue, channels, how) + _plan_lines(spend, revenue, how, reference)
        rows += [{"scenario": name} | line for line in lines]
    return pd.DataFrame(rows)


def _channel_lines(spend: PerChannel, revenue: Draws, channels: Sequence[str], how: Terms) -> list[Row]:
    spent, earned = apportion(spend), apportion(revenue.mean(axis=0))
    rows = _money("spend", spent, None, channels)
    rows += _money("revenue", earned, revenue, channels, note="" if how.margin is not None else NO_MARGIN)
    if how.margin is None:
        return rows
    margin = revenue * how.margin
    brought = apportion(margin.mean(axis=0))
    profit = [income - outgo for income, outgo in zip(brought, spent, strict=True)]
    present = margin * how.margin_factor - spend * how.spend_factor
    rows += _money("margin", brought, margin, channels)
    rows += _money("profit", profit, margin - spend, channels)
    return rows + _money("npv", apportion(present.mean(axis=0)), present, channels)


def _money(
    line: str, amounts: list[Decimal], draws: Draws | None, channels: Sequence[str], note: str = ""
) -> list[Row]:
    """A line in money: its total, then each channel, which add up to it."""
    totals = None if draws is None else np.column_stack([draws.sum(axis=1), draws])
    rows = []
    for i, (channel, amount) in enumerate(zip(["all", *channels], [sum(amounts, Decimal(0)), *amounts], strict=True)):
        band = interval(totals[:, i]) if totals is not None else {"p05": float(amount), "p95": float(amount)}
        rows.append(_row(channel, line, "money", amount, cents(band["p05"]), cents(band["p95"]), note=note))
    return rows


def _plan_lines(spend: PerChannel, revenue: Draws, how: Terms, reference: tuple[PerChannel, Draws]) -> list[Row]:
    """What is a property of the whole plan and does not add up: ratios, probabilities, times."""
    total, earned = float(spend.sum()), revenue.sum(axis=1)
    rows = [_ratio("roi", "money per money", earned / total)] if total > 0 else []
    if how.margin is None:
        return rows
    profit = earned * how.margin - total
    gain = profit - (reference[1].sum(axis=1) * how.margin - float(reference[0].sum()))
    band = interval(gain)
    rows.append(_row("all", "profit_vs_hold", "money", *(cents(band[key]) for key in ("mean", "p05", "p95"))))
    rows.append(_row("all", "profit_cvar05", "money", cents(tail_mean(profit))))
    rows.append(_row("all", "probability_of_loss", "share", _digits(probability(-profit))))
    if earned.mean() > 0 and total > 0:
        payback = how.periods * total / (how.margin * earned.mean())
        rows.append(_row("all", "payback", "periods", _digits(payback)))
    return rows


def _ratio(line: str, unit: str, draws: Float[np.ndarray, " sample"]) -> Row:
    band = interval(draws)
    return _row("all", line, unit, _digits(band["mean"]), _digits(band["p05"]), _digits(band["p95"]))


def _row(channel: str, line: str, unit: str, amount: Decimal, *band: Decimal, note: str = "") -> Row:
    """One line; `band` is its p05 and p95, or nothing where an interval has no meaning."""
    low, high = band or (None, None)
    return {"channel": channel, "line": line, "unit": unit, "amount": amount, "p05": low, "p95": high, "note": note}


def _digits(number: float) -> Decimal:
    return Decimal(float(number)).quantize(DIGITS, rounding=ROUND_HALF_EVEN)
