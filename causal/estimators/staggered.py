"""What did a roll-out cause that reached the geos on different dates? Imputation from cells that were not yet treated.

    share[g,t]  = kpi[g,t] / size[g] = level[g] + period[t] + u[g,t]      fitted where nothing was treated yet
    effect[g,t] = size[g] (share[g,t] - level[g] - period[t])             where something was
    att         = mean effect over all treated cells

One regression with geo and period effects and a treatment dummy compares late adopters with early ones, whose effect is
still growing, and can get the sign wrong. Here a treated cell is compared with untreated ones alone: geos that were
never treated, and those whose turn had not come. `size` is a geo's mean before the first adoption, so that a season may
move large geos by more. Source: Borusyak, Jaravel and Spiess, Review of Economic Studies 2024, "Revisiting event-study
designs: robust and efficient estimation".

The test asks whether chance alone could have put the dates there: without the effect, taken as the same share of every
geo's size, each geo could have had any other's date, and the estimate is compared with those of permuted dates.
However sales wander in time, and whatever moves all geos at once, is kept. p-value and interval are that one test.

`by_date` answers for each adoption date, a row of the lift table each; `event_study` by periods since adoption, with a
test of the periods before it, where nothing should be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from causal.estimators.conformal import ROUNDING, Test, invert, total
from causal.estimators.counterfactual import SHARED
from causal.estimators.estimate import LEVEL, Estimate, Window
from causal.estimators.trial import LEAST_BEFORE, Day, Panel, Trial, read_trial, wide_table
from mmm.errors import InputError

PARALLEL = "Without the roll-out, all geos would have changed by the same share of their size."
UNEXPECTED = "Nothing changed in a geo ahead of its adoption, and a geo that adopted stayed treated."
BY_CHANCE = "Chance, or nothing that moves sales, decided which geo adopted when."
LEADS, DRAWS = 8, 1999
PLACE = "the roll-out"

Cells = Float[np.ndarray, "geo time"]


@dataclass(frozen=True)
class Rollout:
    """KPI as a share of each geo's size, and the periods since its adoption: negative before, `-inf` for never."""

    trial: Trial
    size: Float[np.ndarray, " geo"]
    since: Cells

    @property
    def shares(self) -> Cells:
        return self.trial.kpi / self.size[:, None]

    @property
    def untreated(self) -> Bool[np.ndarray, "geo time"]:
        return self.since < 0


class EventStudy(NamedTuple):
    """`table`: `effect, low, high, p_value, cells` by periods since adoption; `p_value`: of nothing before it."""

    table: pd.DataFrame
    p_value: float


def estimate(
    panel: Panel, adopted: Mapping[str, Day], until: Day | None = None, *, level: float = LEVEL, **layout: Any
) -> Estimate:
    """The mean effect over all treated cells up to `until`, the panel's last period unless given.

    `adopted` maps each treated geo to the first day of its treatment; `layout` goes to `read_trial`. With several dates
    the estimate has no window of its own: the lift table wants a row a date (`by_date`). Raises `InputError` with every
    problem, and where from some day on no geo is left untreated.
    """
    rollout = read_rollout(panel, adopted, until, **layout)
    return _answer(rollout, ~rollout.untreated, level)


def by_date(
    panel: Panel, adopted: Mapping[str, Day], until: Day | None = None, *, level: float = LEVEL, **layout: Any
) -> list[Estimate]:
    """One estimate for each adoption date, in order, with its own geos and days: `to_lift_rows` takes each.

    They share untreated cells, so their errors are not independent; with many untreated geos they nearly are.
    """
    rollout = read_rollout(panel, adopted, until, **layout)
    starts = rollout.untreated.sum(1)
    dates = np.unique(starts[starts < len(rollout.trial.times)])
    return [_answer(rollout, ~rollout.untreated & (starts == start)[:, None], level) for start in dates]


def event_study(
    panel: Panel,
    adopted: Mapping[str, Day],
    until: Day | None = None,
    *,
    leads: int = LEADS,
    level: float = LEVEL,
    **layout: Any,
) -> EventStudy:
    """The mean effect by periods since adoption, and whether anything was seen before it.

    The `leads` periods before the adoption are imputed as if it had come that much earlier, so that a difference which
    builds up towards it is seen; one test asks about all of them together. Raises `InputError` as `estimate` does, and
    where so many leads leave too few periods to compare with.
    """
    rollout = read_rollout(panel, adopted, until, **layout)
    clean = _clean(rollout, leads)
    nothing = without_effect(rollout, ~rollout.untreated)
    rows = {}
    for step in range(-leads, int(rollout.since.max()) + 1):
        cells, fitted = rollout.since == step, clean if step < 0 else rollout.untreated
        shares = nothing if step < 0 else without_effect(rollout, ~rollout.untreated & ~cells)
        test, effect = permutation_test(rollout, shares, fitted, cells)
        low, high = invert(test, effect, _scale(test), level)
        rows[step] = {"effect": effect, "low": low, "high": high, "p_value": test.p_value(), "cells": int(cells.sum())}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("periods_since")
    return EventStudy(table, _pre_trend(rollout, nothing, clean))


def pre_trend(
    panel: Panel, adopted: Mapping[str, Day], until: Day | None = None, *, leads: int = LEADS, **layout: Any
) -> float:
    """The p-value of nothing in the `leads` periods before the adoptions, without the event study around it."""
    rollout = read_rollout(panel, adopted, until, **layout)
    return _pre_trend(rollout, without_effect(rollout, ~rollout.untreated), _clean(rollout, leads))


def read_rollout(panel: Panel, adopted: Mapping[str, Day], until: Day | None = None, **layout: Any) -> Rollout:
    """Lay the roll-out out; geos whose date lies after `until` have not been treated yet."""
    days = {geo: pd.Timestamp(day) for geo, day in adopted.items()}
    if not days:
        raise InputError(["`adopted` is empty: map each treated geo to the first day of its treatment"], PLACE)
    last = _last(panel, **layout) if until is None else pd.Timestamp(until)
    trial = read_trial(panel, list(days), min(days.values()), last, controls_needed=False, **layout)
    times = trial.times.to_numpy()
    started = [float((times < days[geo].to_datetime64()).sum()) if geo in days else np.inf for geo in trial.geos]
    since = np.arange(len(times)) - np.array(started)[:, None]
    size = trial.kpi[:, ~trial.measured].mean(1)
    problems = [f"geo {geo!r} sold {mean:,.0f} a period before the first adoption: exclude it"
                for geo, mean in zip(trial.geos, size, strict=True) if mean <= 0]  # fmt: skip
    if (alone := (since >= 0).all(0)).any():
        day = trial.times[alone.argmax()]
        problems.append(f"from {day.date()} on every geo is treated, and nothing is left to compare with: "
                        f"end the analysis before, with `until`")  # fmt: skip
    if problems:
        raise InputError(problems, PLACE)
    return Rollout(trial, size, since)


def _last(panel: Panel, columns: tuple[str, str, str] = ("geo", "time", "kpi"), **_: Any) -> pd.Timestamp:
    return pd.Timestamp(wide_table(panel, columns).index[-1])


def imputed(shares: Cells, untreated: Bool[np.ndarray, "geo time"]) -> Cells:
    """Level of the geo and effect of the period, fitted to the untreated cells, in every cell."""
    levels, periods = _solve(untreated, (shares * untreated).sum(1), (shares * untreated).sum(0))
    return levels[:, None] + periods


def weigher(target: Cells, untreated: Bool[np.ndarray, "geo time"]) -> Cells:
    """What each cell counts in the sum of `target` times what the imputation misses: the estimate is linear."""
    levels, periods = _solve(untreated, target.sum(1), target.sum(0))
    return target - untreated * (levels[:, None] + periods)


def _solve(
    untreated: Bool[np.ndarray, "geo time"], by_geo: np.ndarray, by_time: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The normal equations of the two effects; their level is free, and the solution of least size is taken."""
    geos, cells = len(untreated), untreated.astype(float)
    matrix = np.block([[np.diag(cells.sum(1)), cells], [cells.T, np.diag(cells.sum(0))]])
    found = np.linalg.lstsq(matrix, np.concatenate([by_geo, by_time]))[0]
    return found[:geos], found[geos:]


def permutation_test(
    rollout: Rollout, shares: Cells, untreated: Bool[np.ndarray, "geo time"], cells: Bool[np.ndarray, "geo time"]
) -> tuple[Test, float]:
    """The test of one effect, the same share of every geo's size, in these cells; and the estimate, in KPI units."""
    target = cells * rollout.size[:, None] / cells.sum()
    weights = weigher(target, untreated)
    seen, planted = permuted(weights, shares), permuted(weights, cells / target.sum())

    def residuals(effect: float) -> Float[np.ndarray, " sample"]:
        return seen - effect * planted

    return Test(residuals, len(seen), 1, len(seen) - 1, statistic=total), float(seen[-1])


def permuted(weights: Cells, shares: Cells) -> Float[np.ndarray, " sample"]:
    """The estimate with the dates dealt out to the geos anew, the real dates last."""
    return (weights @ shares.T)[np.arange(len(shares)), _orders(len(shares))].sum(1)


@lru_cache(maxsize=8)
def _orders(geos: int) -> Int[np.ndarray, "sample geo"]:
    drawn = np.random.default_rng(0).permuted(np.tile(np.arange(geos), (DRAWS, 1)), axis=1)
    return np.concatenate([drawn, np.arange(geos)[None]])


def without_effect(rollout: Rollout, cells: Bool[np.ndarray, "geo time"]) -> Cells:
    """Shares with the mean effect by periods since adoption taken out of these cells."""
    missed = rollout.shares - imputed(rollout.shares, rollout.untreated)
    shares = rollout.shares.copy()
    for step in np.unique(rollout.since[cells]):
        there = rollout.since == step
        shares[cells & there] -= missed[there].mean()
    return shares


def _answer(rollout: Rollout, cells: Bool[np.ndarray, "geo time"], level: float) -> Estimate:
    trial, treated = rollout.trial, cells.any(axis=1)
    shares = without_effect(rollout, ~rollout.untreated & ~cells)
    test, att = permutation_test(rollout, shares, rollout.untreated, cells)
    expected = rollout.size[:, None] * imputed(rollout.shares, rollout.untreated)
    starts = np.unique(cells[treated].argmax(1))
    geos = tuple(trial.geos[row] for row in np.flatnonzero(treated))
    return Estimate(
        estimator="staggered",
        att=att,
        interval=invert(test, att, _scale(test), level),
        p_value=test.p_value(),
        level=level,
        cells=int(cells.sum()),
        expected=float(expected[cells].sum()),
        assumptions=(SHARED[0], PARALLEL, UNEXPECTED, BY_CHANCE),
        series=pd.DataFrame(
            {"kpi": trial.kpi[treated].mean(0), "expected": expected[treated].mean(0)}, index=trial.times
        ),
        window=Window(geos, trial.times[starts[0]], trial.end, trial.measured_until) if len(starts) == 1 else None,
    )


def _clean(rollout: Rollout, leads: int) -> Bool[np.ndarray, "geo time"]:
    """Cells further from an adoption than the leads."""
    clean = rollout.since < -leads
    if clean.sum(1).min() < LEAST_BEFORE or not clean.any(0).all():
        raise InputError([f"{leads} leads leave too few cells before them to compare with: ask for fewer"], PLACE)
    return clean


def _pre_trend(rollout: Rollout, nothing: Cells, clean: Bool[np.ndarray, "geo time"]) -> float:
    """How often chance alone puts as much of a difference before the adoption, all leads together."""
    lead = rollout.untreated & ~clean
    squares = np.zeros(DRAWS + 1)
    for step in np.unique(rollout.since[lead]):
        cells = rollout.since == step
        squares += cells.sum() * permuted(weigher(cells / cells.sum(), clean), nothing) ** 2
    return float(np.mean(squares >= squares[-1] * (1 - ROUNDING)))


def _scale(test: Test) -> float:
    return float(np.std(test.residuals(0.0))) or 1.0
