"""What must a calendar keep to? Limits on every channel in every period, all of them linear.

- the budget, and the study's groups as shares of it;
- each channel's total within its bounds, in multiples of its reference; `(1, 1)` freezes it, period by period;
- each period within `within`, in multiples of the channel's mean reference period, a brand's presence for instance
  (`"default"` for channels it does not name); without it from 0 to what was observed, as one active period in twenty
  exceeded it;
- `change`: from one period to the next a channel moves by at most so many of its mean reference periods;
- a channel whose causal claim is not supported keeps its flighting within `plan.max_shift_unvalidated`.

A new limit is a row: its name, its coefficients over the cells, its two ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from mmm.errors import InputError
from mmm.plan.bounds import Allowed
from mmm.plan.choice import limits_for
from mmm.plan.polytope import Polytope
from mmm.plan.reference import Reference
from mmm.study import Plan as Settings
from mmm.study import Study, Target

Cells = Float[np.ndarray, "channel period"]
Pair = tuple[float | int, float | int]


def check_decided(study: Study, settings: Settings) -> None:
    """Raises `InputError` where no calendar can be decided: a target, no periods ahead, reach and frequency."""
    problems = []
    if isinstance(settings.budget, Target) or isinstance(settings.horizon, str):
        problems.append(
            "a calendar needs a budget in money (or `same`) and a horizon after the data: take both from mmm.allocate, "
            "or leave plan.flighting out"
        )
    reached = [name for name, channel in study.data.channels.items() if channel.frequency]
    if reached:
        problems.append(
            f"{', '.join(reached)}: reach and frequency cannot be planned by period yet: plan with mmm.allocate, and "
            "leave plan.flighting out"
        )
    if problems:
        raise InputError(problems)


def calendar_limits(
    reference: Reference,
    settings: Settings,
    labels: Mapping[str, str] | None = None,
    within: Pair | Mapping[str, Pair] | None = None,
    change: float | int | None = None,
) -> Polytope:
    """The linear limits of a calendar, in money, with their names."""
    now, names = reference.flighting.T, reference.channels
    total = float(now.sum()) if settings.budget == "same" else float(settings.budget)  # type: ignore[arg-type]
    by_channel = limits_for(reference, settings, labels)
    lower, upper = _by_period(reference, by_channel, within)
    cells = np.arange(now.size).reshape(now.shape)
    rows = [("the budget", np.ones(now.size), total, total)]
    for c, name in enumerate(names):
        ends = by_channel.lower[c] * now[c].sum(), by_channel.upper[c] * now[c].sum()
        rows.append((f"{name}: its total between {ends[0]:,.2f} and {ends[1]:,.2f}", _at(cells[c], now.size), *ends))
    for group in settings.groups:
        members = _at(cells[np.isin(names, group.channels)].ravel(), now.size)
        said = f"{', '.join(group.channels)}: {group.min_share:.1%} to {group.max_share:.1%} of the budget {total:,.2f}"
        rows.append((said, members, group.min_share * total, group.max_share * total))
    if change is not None:
        rows += _changes(reference, by_channel, cells, float(change))
    words, matrix, low, high = zip(*rows, strict=True)
    return Polytope(
        lower.ravel(), upper.ravel(), np.array(matrix), np.array(low), np.array(high), words,
        tuple(f"{name}, {period:%Y-%m-%d}" for name in names for period in reference.periods),
    )  # fmt: skip


def _by_period(reference: Reference, by_channel: Allowed, within: Any) -> tuple[Cells, Cells]:
    """The least and the most of every cell."""
    now, mean = reference.flighting.T, reference.flighting.mean(axis=0)
    lower, upper = np.zeros_like(now), np.maximum(reference.experience[:, None], now)
    asked = dict(within) if isinstance(within, Mapping) else dict.fromkeys(reference.channels, within)
    for c, name in enumerate(reference.channels):
        held = "moves by" in by_channel.reasons.get(name, "") or by_channel.frozen[c]
        if not mean[c]:
            upper[c] = 0.0
        elif held:
            lower[c], upper[c] = by_channel.lower[c] * now[c], by_channel.upper[c] * now[c]
        elif (own := asked.get(name, asked.get("default"))) is not None:
            lower[c], upper[c] = np.array(own, dtype=float) * mean[c]
    return lower, upper


def _changes(reference: Reference, by_channel: Allowed, cells: np.ndarray, change: float) -> list[tuple[Any, ...]]:
    """One row for each step of a channel that is not frozen; a larger step of the reference itself stays allowed."""
    now, rows = reference.flighting.T, []
    for c, name in enumerate(reference.channels):
        if by_channel.frozen[c] or not now[c].any():
            continue
        for t in range(1, now.shape[1]):
            most = max(change * float(now[c].mean()), abs(float(now[c, t] - now[c, t - 1])))
            row = _at(cells[c, t : t + 1], now.size) - _at(cells[c, t - 1 : t], now.size)
            rows.append((f"{name}: a change of {most:,.2f} into {reference.periods[t]:%Y-%m-%d}", row, -most, most))
    return rows


def _at(cells: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(cells, minlength=size).astype(float)
