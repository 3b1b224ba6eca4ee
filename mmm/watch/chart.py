"""Has something changed for good, and since when? A chart that adds up small surprises.

    high[t] = max(0, high[t-1] + score[t] - ALLOWANCE),   low[t] = max(0, low[t-1] - score[t] - ALLOWANCE)
    alarm where either passes the limit; it began where that side last left 0

Page's cumulative sum (1954) on scores that are standard normal and independent while nothing changes. It finds a shift
of one standard deviation in about `limit / (1 - ALLOWANCE)` periods, wherever it starts, which no fixed window does.

The limit follows from how often a false alarm may be raised (Siegmund, Sequential Analysis, 1985, 2.5): the mean
number of periods to a false alarm of one side is

    (exp(2 k b) - 2 k b - 1) / (2 k^2),    k = ALLOWANCE,  b = limit + 1.166

`innovations` makes scores of a series that remembers and repeats itself, by what its own history does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

ALLOWANCE = 0.5
"""Half of the shift, in standard deviations, that the chart is quickest to find."""
RATE = 0.2
"""False alarms a year that a monitor is designed for, over all of its series; calibration promises at most one."""
FARTHEST = 4.0
"""Scores are cut off here: one wild period is an anomaly, not a lasting change."""
LONGEST_MEMORY = 0.95

Series = Float[np.ndarray, " time"]


@dataclass(frozen=True)
class Signal:
    """Where a chart stood: `first` is the row at which the change began, None while there is no alarm; `side` is 1 for
    up and -1 for down; `peak` the highest sum, `chance` how probable that height is in this many rows by chance."""

    peak: float
    limit: float
    side: int
    first: int | None
    at: int | None
    chance: float


def chart(scores: Series, limit: float, sides: tuple[int, ...] = (1, -1)) -> Signal:
    """The cumulative sums of `scores` against `limit`; a missing score leaves the sums as they are."""
    best = Signal(0.0, limit, sides[0], None, None, 1.0)
    for side in sides:
        total, start, peak, first, at = 0.0, 0, 0.0, 0, None
        for row, score in enumerate(np.clip(scores, -FARTHEST, FARTHEST)):
            if np.isnan(score):
                continue
            total = total + side * score - ALLOWANCE
            if total <= 0.0:
                total, start = 0.0, row + 1
            if total > peak:
                peak, first = total, start
            if total > limit and at is None:
                at = row
        if peak > best.peak:
            chance = -np.expm1(-np.isfinite(scores).sum() * len(sides) / periods_to_alarm(peak))
            best = Signal(peak, limit, side, first if peak > limit else None, at, float(chance))
    return best


def periods_to_alarm(limit: float) -> float:
    """Mean number of periods until one side passes `limit` while nothing changes."""
    raised = 2 * ALLOWANCE * (limit + 1.166)
    return float((np.exp(raised) - raised - 1) / (2 * ALLOWANCE**2))


def limit_for(series: int, periods_per_year: float, sides: int = 2, rate: float = RATE) -> float:
    """The limit with which `series` charts together raise `rate` false alarms a year."""
    wanted = series * sides * periods_per_year / rate
    return float(brentq(lambda limit: periods_to_alarm(limit) - wanted, 0.0, 60.0))


def innovations(
    history: Float[np.ndarray, " past"],
    new: Float[np.ndarray, " new"],
    seasons: Float[np.ndarray, "time wave"],
    normal: bool,
) -> Float[np.ndarray, " new"]:
    """What is new in each value of `new`, standard normal while it goes on as `history` did.

    Both are freed of what `seasons` explain in the history (rows: history, then new), then of the memory of the value
    before. With `normal` the history's own distribution is the scale (normal scores of ranks): nothing counts as more
    than a record. NaN where a value is missing.
    """
    values = np.concatenate([history, new])
    known = np.isfinite(values)
    past = known & (np.arange(len(values)) < len(history))
    columns = np.column_stack([np.ones(len(values)), seasons])
    weights = np.linalg.lstsq(columns[past], values[past], rcond=None)[0]
    rest = np.where(known, values - columns @ weights, np.nan)
    rest = _normal_scores(rest, past) if normal else (rest - rest[past].mean()) / max(rest[past].std(), 1e-12)
    return _without_memory(rest, past)[len(history) :]


def _normal_scores(values: Series, past: Bool[np.ndarray, " time"]) -> Series:
    """Each value by its rank among the past ones, as a standard normal quantile; ties share the middle of theirs."""
    seen = np.sort(values[past])
    below, up_to = np.searchsorted(seen, values, "left"), np.searchsorted(seen, values, "right")
    rank = np.clip((below + up_to) / 2, 0.5, len(seen) - 0.5) / len(seen)
    scores = norm.ppf(np.where(np.isfinite(values), rank, np.nan))
    return (scores - scores[past].mean()) / max(scores[past].std(), 1e-12)


def _without_memory(values: Series, past: Bool[np.ndarray, " time"]) -> Series:
    """First-order innovations in units of their own standard deviation in the past."""
    before = np.concatenate([[np.nan], values[:-1]])
    pairs = past & np.isfinite(before)
    memory = float(np.clip(np.mean(values[pairs] * before[pairs]), 0.0, LONGEST_MEMORY)) if pairs.any() else 0.0
    fresh = values - memory * np.where(np.isfinite(before), before, 0.0)
    return fresh / max(np.nanstd(fresh[past]), 1e-12)


def surprise(scores: Series) -> Series:
    """How improbable each score is, as a score of its own: standard normal while nothing changes, high where the log
    score (minus half the square) is low."""
    tail = norm.logsf(np.abs(scores)) + np.log(2.0)
    return -norm.ppf(np.clip(np.exp(tail), 1e-12, 1 - 1e-12))


def normal_scores_of_draws(draws: Float[np.ndarray, "sample time"]) -> Float[np.ndarray, "sample time"]:
    """Each column's draws by rank, as standard normal quantiles."""
    return norm.ppf((rankdata(draws, axis=0) - 0.5) / len(draws))
