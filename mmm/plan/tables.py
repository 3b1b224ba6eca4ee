"""What does a reader of a plan get to see? Scenarios become the tables of the run folder.

    allocation           one row a scenario and channel: what it spends, its limits, whether it is at one
    scenarios            one row a scenario: what it earns, and against hold, with the risk of being wrong
    allocation_quality   one row a channel of the recommendation: how sure is the direction of its move
    calendar             the recommended spend by channel and date, each channel's flighting times its multiple
    plan_curves          what each channel alone earns over the horizon at each multiple: for planning by hand
    plan_draws           the same in single draws, so that a plan made by hand has an interval

`outcome` is the value of what all paid channels contribute, in money, carryover after the horizon included.
`gain_vs_hold` is taken within each draw; `probability_beats_hold` is the share of draws where it is above zero (NaN for
a plan that changes nothing), and `cvar05` its mean over the worst 5 % of draws. Columns are added here, never renamed:
others read them by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmm.plan.choice import Choice, Optima
from mmm.plan.outlook import Outlook, grid, marginal, outcome
from mmm.plan.risk import interval, probability, tail_mean
from mmm.study import INTERVAL

MOVED = 1e-6
"""A multiple this close to another is the same."""

SHOWN_DRAWS = 250
"""As many draws as a reader's own plan is judged on: few enough to travel in a web page."""

Draws = Float[np.ndarray, " sample"]


def allocation_table(view: Outlook, found: Sequence[Choice]) -> pd.DataFrame:
    """`tables/allocation.csv`: spend in money over the horizon; `multiple`, `lower` and `upper` in reference spends."""
    frames = []
    for choice in found:
        multiple, low, high = choice.multiples, choice.limits.lower, choice.limits.upper
        at_bound = np.isclose(multiple, low, rtol=0, atol=MOVED) | np.isclose(multiple, high, rtol=0, atol=MOVED)
        columns: dict[str, Any] = {"scenario": choice.name, "channel": view.channels, "geo": "all", "period": "all"}
        columns |= {"current_spend": view.spend, "recommended_spend": multiple * view.spend, "multiple": multiple}
        columns |= {"lower": low, "upper": high, "at_bound": at_bound, "extrapolates": multiple > view.observed + MOVED}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def scenarios_table(view: Outlook, found: Sequence[Choice], earned: Mapping[str, Draws]) -> pd.DataFrame:
    """`tables/scenarios.csv`; `earned` is each scenario's outcome by draw. The gap is that of the solved scenarios."""
    rows = []
    for choice in found:
        gain = earned[choice.name] - earned["hold"]
        row = {"scenario": choice.name, "budget": float(choice.multiples @ view.spend)}
        row |= interval(earned[choice.name], "outcome_") | interval(gain, "gain_vs_hold_")
        moves = bool((choice.multiples != 1.0).any())
        row |= {"probability_beats_hold": probability(gain) if moves else np.nan}
        rows.append(row | {"optimality_gap": choice.gap, "cvar05": tail_mean(gain)})
    return pd.DataFrame(rows)


def quality_table(view: Outlook, recommended: Choice, optima: Optima) -> pd.DataFrame:
    """`tables/allocation_quality.csv`: the move, how often single draws agree with its direction, mROI on both ends."""
    move = np.sign(np.where(np.abs(recommended.multiples - 1) > MOVED, recommended.multiples - 1, 0.0))
    agrees = (np.sign(optima.multiples - 1) == move).mean(axis=0)
    low, high = np.quantile(optima.multiples, INTERVAL, axis=0)
    columns: dict[str, Any] = {
        "channel": view.channels,
        "multiple": recommended.multiples,
        "extrapolates_above": view.observed,
    }
    columns |= {"probability_right_direction": np.where(move != 0, agrees, np.nan)}
    columns |= {"optimum_p05": low, "optimum_p95": high}
    for name, multiples in {"current": np.ones(len(move)), "recommended": recommended.multiples}.items():
        columns |= {f"mroi_{name}_{key}": values for key, values in _bands(marginal(view, multiples)).items()}
    columns["held_back"] = [recommended.limits.reasons.get(name, "") for name in view.channels]
    return pd.DataFrame(columns)


def _bands(draws: Float[np.ndarray, "sample each"]) -> dict[str, Float[np.ndarray, " each"]]:
    low, high = np.quantile(draws, INTERVAL, axis=0)
    return {"mean": draws.mean(axis=0), "p05": low, "p95": high}


def calendar_table(view: Outlook, recommended: Choice) -> pd.DataFrame:
    """`tables/calendar.csv`: `channel, period, reference_period, current_spend, recommended_spend` by date."""
    frames = []
    for i, channel in enumerate(view.channels):
        columns = {"channel": channel, "period": view.periods, "reference_period": view.reference}
        spend = view.flighting[:, i]
        columns |= {"current_spend": spend, "recommended_spend": spend * recommended.multiples[i]}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def curves_table(view: Outlook) -> pd.DataFrame:
    """`tables/plan_curves.csv`: `channel, multiple, spend, mean, p05, p95`, in money, carryover included."""
    multiples = grid(float(view.multiples[-1]))
    draws = _curves(view, multiples)
    frames = []
    for i, channel in enumerate(view.channels):
        columns = {"channel": channel, "multiple": multiples, "spend": multiples * view.spend[i]}
        frames.append(pd.DataFrame(columns | _bands(draws[:, i])))
    return pd.concat(frames, ignore_index=True)


def draws_table(view: Outlook) -> pd.DataFrame:
    """`tables/plan_draws.csv`: `channel, multiple`, and a column for each of at most `SHOWN_DRAWS` draws, in money.

    A row is a channel at a multiple, every second one of `plan_curves`; a column is one draw in all rows, so that sums
    over channels within a column are draws of a plan's outcome.
    """
    multiples = grid(float(view.multiples[-1]))[::2]
    draws = _curves(view, multiples)
    chosen = np.unique(np.linspace(0, len(draws) - 1, min(SHOWN_DRAWS, len(draws))).round().astype(int))
    columns = {"channel": np.repeat(view.channels, len(multiples)), "multiple": np.tile(multiples, len(view.channels))}
    return pd.DataFrame(columns | {f"draw_{place}": draws[place].ravel() for place in chosen})


def _curves(view: Outlook, multiples: Float[np.ndarray, " multiple"]) -> Float[np.ndarray, "sample channel multiple"]:
    """What each channel earns when all are at the same multiple."""
    return np.stack([outcome(view, np.full(len(view.channels), multiple)) for multiple in multiples], axis=-1)


def outcomes(view: Outlook, found: Sequence[Choice]) -> dict[str, Float[np.ndarray, "sample channel"]]:
    """What each scenario earns by draw and channel, in money."""
    return {choice.name: outcome(view, choice.multiples) for choice in found}
