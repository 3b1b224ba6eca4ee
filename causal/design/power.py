"""What could this test find, and may we believe the estimator that says so? Both asked of the geos' own past.

First the A/A gate. Every acceptable assignment is tried on windows of the past in which nothing happened, each knowing
only what came before it; the share of intervals that hold zero must be near their level. An estimator that does not
cover there has no power curve: its detections would be false alarms.

    coverage  =  share of placebo tests with p >= 1 - level
    refused   if coverage < level - 2 standard errors (over windows, counted as those that do not overlap)

Then power. A lift is planted, the treated geos' KPI times (1 + lift) over the measured periods, and the test asked
whether it sees it: p < 1 - level and the right sign. The conformal test fits all periods under the null, and to such a
fit every place of the block is as good as the last, so planting goes through the whole past at its full length. For
each placebo the smallest lift that is found is sought; power at a lift is the share of placebos that need no more than
it, and the minimum detectable effect the lift at which that share reaches the wanted power.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq

from causal.design.history import History, placebo
from causal.design.selection import Cells, others
from causal.estimators.counterfactual import Rule, conformal_test
from causal.estimators.synthetic_control import mixture_of_changes
from causal.estimators.trial import Trial
from mmm.errors import InputError

ASSIGNMENTS, WINDOWS = 10, 20
FIRST_LIFT, MOST_LIFT, PRECISION = 0.08, 0.64, 2.5e-4
"""The first lift tried and the largest, beyond which nothing is found; how exactly thresholds are sought."""
GRID = (0.0, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3)


@dataclass(frozen=True)
class Coverage:
    """What the A/A gate found: `windows` are those that do not overlap; `refused` says why no power may be quoted."""

    coverage: float
    standard_error: float
    level: float
    windows: int
    tests: int

    @property
    def refused(self) -> str:
        """Empty where the estimator covers."""
        if self.coverage >= self.level - 2 * self.standard_error:
            return ""
        return (
            f"on {self.tests} tests of the past in which nothing happened, {self.coverage:.0%} of the {self.level:.0%} "
            "intervals held zero: no minimum detectable effect can be promised. Leave out geos with breaks, "
            "take a longer history, or test longer"
        )


@dataclass(frozen=True)
class Power:
    """The smallest lift that is found in each placebo, `assignment window`; infinite where none up to 64 % is."""

    thresholds: Float[np.ndarray, "assignment window"]

    def at(self, lift: float) -> float:
        """The share of placebos in which a lift of this size (its sign aside) is found."""
        return float(np.mean(self.thresholds <= abs(lift)))

    def standard_error(self, lift: float) -> float:
        """Monte Carlo error of `at`: windows and assignments are each a sample, and the larger scatter counts."""
        found = self.thresholds <= abs(lift)
        scatter = [found.mean(axis).std(ddof=1) / np.sqrt(found.shape[1 - axis]) for axis in (0, 1)
                   if found.shape[1 - axis] > 1]  # fmt: skip
        return float(max(scatter, default=np.nan))

    def minimum_detectable(self, power: float) -> float:
        """The smallest lift with at least this power; infinite where there is none."""
        ordered = np.sort(self.thresholds.ravel())
        return float(ordered[int(np.ceil(power * len(ordered))) - 1])

    def table(self) -> pd.DataFrame:
        """`lift, power, standard_error` over a grid of lifts."""
        return pd.DataFrame(
            [{"lift": lift, "power": self.at(lift), "standard_error": self.standard_error(lift)} for lift in GRID]
        )


def aa_coverage(
    history: History, assignments: tuple[Cells, ...], measured: int, level: float, rule: Rule = mixture_of_changes
) -> Coverage:
    """The A/A gate over windows in the second half of the past, the first cell of each assignment."""
    length = len(history.times)
    first = max(length // 2, 2 * measured) + measured
    if first > length:
        raise InputError(
            [f"{length} periods of history are too few to try a test of {measured} out: give {3 * measured} or more"],
            "the history",
        )
    ends = np.unique(np.linspace(first, length, WINDOWS).round().astype(int))
    apart = 1 + (int(ends[-1]) - int(ends[0])) // measured
    held = np.array(
        [
            [
                _p_value(_of(history, cells, int(end), measured), rule) >= 1 - level
                for cells in assignments[:ASSIGNMENTS]
            ]
            for end in ends
        ]
    )
    by_window = held.mean(1)
    floor = np.sqrt(level * (1 - level) / held.size)
    scatter = float(by_window.std(ddof=1)) if len(ends) > 1 else 0.5
    error = max(scatter / np.sqrt(min(apart, len(ends))), floor)
    return Coverage(float(held.mean()), float(error), level, min(apart, len(ends)), held.size)


def simulate_power(
    history: History,
    assignments: tuple[Cells, ...],
    profile: Float[np.ndarray, " measured"],
    level: float,
    *,
    cell: int = 0,
    sign: int = 1,
    rule: Rule = mixture_of_changes,
) -> Power:
    """The power of one cell of the test for lifts of one sign.

    `profile` is the shape of the effect over the measured periods (its mean is made 1): flat while the test runs and
    zero in the cooldown, or what the mix model expects.
    """
    shape = profile / profile.mean()
    length, measured = len(history.times), len(profile)
    ends = np.unique(np.linspace(measured, length, max(1, min(WINDOWS, length // measured))).round().astype(int))
    thresholds = [
        [_threshold(_turned(history, cells, int(end), measured, cell), shape, sign, level, rule) for end in ends]
        for cells in assignments[:ASSIGNMENTS]
    ]
    return Power(np.array(thresholds))


def planted(trial: Trial, lift: float, shape: Float[np.ndarray, " measured"]) -> Trial:
    """The same trial with the treated geos' measured KPI raised by `lift` times the effect's shape."""
    factor = np.ones(len(trial.times))
    factor[trial.measured] += lift * shape
    return replace(trial, kpi=np.where(trial.treated[:, None], trial.kpi * factor, trial.kpi))


def found(trial: Trial, sign: int, level: float, rule: Rule = mixture_of_changes) -> bool:
    """Whether the test sees an effect of this sign."""
    test = conformal_test(trial, rule)
    residuals = test.residuals(0.0)
    return sign * float(residuals[trial.measured].sum()) > 0 and test.p_value_of(residuals) < 1 - level


def _threshold(trial: Trial, shape: np.ndarray, sign: int, level: float, rule: Rule) -> float:
    """The smallest lift that is found in this placebo, to `PRECISION`; infinite where none up to `MOST_LIFT` is."""

    @cache
    def surplus(lift: float) -> float:
        """By how much the block's total is beyond what the test asks of it, as a share of the treated geos' KPI."""
        test = conformal_test(planted(trial, sign * lift, shape), rule)
        residuals = test.residuals(0.0)
        total = sign * float(residuals[trial.measured].sum())
        return (total - test.critical(residuals, level)) / scale

    scale = float(np.abs(trial.target[trial.measured]).sum()) or 1.0
    if surplus(0.0) > 0:
        return 0.0
    high = FIRST_LIFT
    while surplus(high) <= 0:
        high *= 2
        if high > MOST_LIFT:
            return float("inf")
    return float(brentq(surplus, 0.0, high, xtol=PRECISION)) + PRECISION


def _of(history: History, cells: Cells, end: int, measured: int, cell: int = 0) -> Trial:
    return placebo(history, cells[cell], others(cells, cells[cell]), end, measured)


def _turned(history: History, cells: Cells, end: int, measured: int, cell: int) -> Trial:
    """The whole past, turned so that the block ending before period `end` comes last: only for fits to all periods."""
    trial = _of(history, cells, len(history.times), measured, cell)
    return replace(trial, kpi=np.roll(trial.kpi, len(history.times) - end, axis=1))


def _p_value(trial: Trial, rule: Rule) -> float:
    return conformal_test(trial, rule).p_value()
