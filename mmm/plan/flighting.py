"""When should each channel be on air? A calendar of spend, channel by period, with a certificate.

    found = flight(fit)                                # the study's horizon, budget, bounds and groups
    found.calendar                                     # channel, period, current_spend, recommended_spend, ...

`mmm.allocate` keeps each channel's flighting and decides one multiple of it; here every period is decided. The search
is that of `mmm.plan.ascent`: what was spent before the horizon still works in it, carryover after it counts, and the
measure is taken over joint draws. What a calendar must keep to is the chapter `mmm.plan.schedule`, all of it checked
before anything is solved; a smallest booking (`minimum`: spend is either 0 or at least that much money a period) comes
last, because no linear limit says it.

Money buys the exposure that it bought on average in the reference, at the geo shares it had then: a plan does not time
its purchases by last year's bargains. Channels with reach and frequency are not decided by period yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from mmm.errors import InputError
from mmm.plan.ascent import Calendar, Joint, search
from mmm.plan.bounds import labels_of
from mmm.plan.market import market_of
from mmm.plan.measure import Measure
from mmm.plan.polytope import Polytope, check_polytope
from mmm.plan.reference import Reference, reference_of
from mmm.plan.risk import interval, probability, tail_mean
from mmm.plan.scenario import settings_with
from mmm.plan.schedule import Pair, calendar_limits, check_decided

SAMPLES: Final = 1000
ON: Final = 1e-6
"""Spend below this share of a channel's mean reference period is none."""

ROUNDS: Final = 3
"""Times the periods between 0 and the smallest booking are decided and the rest is solved again."""


@dataclass(frozen=True)
class Flighting:
    """The calendar, its scenarios (hold and recommended), what is said beside it, and the draws of the outcome."""

    calendar: pd.DataFrame
    scenarios: pd.DataFrame
    summary: pd.DataFrame
    outcome: xr.DataArray


def flight(
    fit: xr.DataTree,
    budget: Literal["same"] | float | int | None = None,
    bounds: Pair | Mapping[str, Pair] | None = None,
    *,
    within: Pair | Mapping[str, Pair] | None = None,
    change: float | int | None = None,
    minimum: Mapping[str, float | int] | None = None,
    verdicts: pd.DataFrame | None = None,
    tail: float = 1.0,
    samples: int = SAMPLES,
) -> Flighting:
    """The calendar that is worth the most within its limits; what is left `None` is as the study's plan says.

    Worth is the mean gain over the reference less `plan.caution` joint standard deviations; with `tail` below 1, the
    mean gain of that share of the draws, the worst ones. Raises `InputError` when the limits contradict one another.
    """
    from mmm.model.fit import study_of

    study = study_of(fit)
    settings = settings_with(study.plan, tuple(study.data.channels), budget, bounds)
    check_decided(study, settings)
    reference = reference_of(fit, settings.horizon)
    limits = calendar_limits(reference, settings, labels_of(verdicts), within, change)
    check_polytope(limits)
    form, market = market_of(fit, reference, samples)
    measure = Measure(tail=tail) if tail < 1 else Measure(caution=settings.caution)
    problem = Joint(form, market, limits, reference.flighting.T, measure)
    found = with_minimum(problem, search(problem), _by_channel(minimum or {}, reference, 0.0))
    return _tables(found, reference, limits, study.currency, tail)


def _by_channel(amounts: Mapping[str, float | int], reference: Reference, default: float) -> np.ndarray:
    unknown = [name for name in amounts if name not in reference.channels]
    if unknown:
        known = ", ".join(reference.channels)
        raise InputError([f"minimum names {name!r}, which is not a paid channel: they are {known}" for name in unknown])
    return np.array([float(amounts.get(name, default)) for name in reference.channels])


def with_minimum(problem: Joint, found: Calendar, minimum: Float[np.ndarray, " channel"]) -> Calendar:
    """The calendar when every cell is 0 or at least `minimum`: cells in between go to the nearer end and stay there.

    The bound is that of the problem without this limit, which can only be larger.
    """
    least = np.broadcast_to(minimum[:, None], problem.shape).ravel()
    limits, best = problem.limits, found
    for _ in range(ROUNDS):
        spend = best.spend.ravel()
        between = (spend > ON * least) & (spend < least * (1 - ON)) & (limits.lower < least)
        if not between.any():
            return best
        on, off = (spend >= least / 2) & (least > 0) & (limits.lower <= least), (spend < least / 2)
        upper = np.where(off & (limits.lower == 0), 0.0, limits.upper)
        limits = replace(limits, lower=np.where(on, least, limits.lower), upper=upper)
        check_polytope(limits)
        again = search(replace(problem, limits=limits))
        best = replace(again, upper_bound=found.upper_bound)
    return best


def _tables(found: Calendar, reference: Reference, limits: Polytope, currency: str, tail: float) -> Flighting:
    earned = {"hold": found.held, "recommended": found.earned}
    spent = {"hold": reference.flighting.T, "recommended": found.spend}
    rows = []
    for name, draws in earned.items():
        gain = draws - found.held
        moves = not np.allclose(spent[name], spent["hold"], rtol=0, atol=ON * spent["hold"].mean())
        row = {"scenario": name, "budget": float(spent[name].sum())} | interval(draws, "outcome_")
        row |= interval(gain, "gain_vs_hold_") | {"probability_beats_hold": probability(gain) if moves else np.nan}
        rows.append(row | {"optimality_gap": found.gap if name != "hold" else np.nan, "cvar05": tail_mean(gain)})
    facts = {
        "budget": f"{found.spend.sum():.2f}",
        "optimality_gap": f"{found.gap:.3g}",
        "worth": f"{found.value:.6g}",
        "most_worth": f"{found.upper_bound:.6g}",
        "draws": str(len(found.held)),
        "tail": f"{tail:g}",
        "currency": currency,
    }
    return Flighting(
        calendar=_calendar(found, reference, limits),
        scenarios=pd.DataFrame(rows),
        summary=pd.DataFrame({"key": list(facts), "value": list(facts.values())}),
        outcome=xr.DataArray(
            np.stack(list(earned.values())), coords={"scenario": list(earned)}, dims=("scenario", "sample"),
            attrs={"units": currency},
        ),
    )  # fmt: skip


def _calendar(found: Calendar, reference: Reference, limits: Polytope) -> pd.DataFrame:
    """`channel, period, reference_period, current_spend, recommended_spend, lower, upper, extrapolates`."""
    periods = len(reference.periods)
    experience = np.maximum(reference.experience[:, None], reference.flighting.T)
    return pd.DataFrame(
        {
            "channel": np.repeat(reference.channels, periods),
            "period": np.tile(reference.periods, len(reference.channels)),
            "reference_period": np.tile(reference.dates, len(reference.channels)),
            "current_spend": reference.flighting.T.ravel(),
            "recommended_spend": found.spend.ravel(),
            "lower": limits.lower,
            "upper": limits.upper,
            "extrapolates": (found.spend > experience * (1 + ON)).ravel(),
        }
    )
