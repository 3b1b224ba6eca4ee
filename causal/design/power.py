"""What could this test find, and may we believe the estimator that says so? Both asked of the geos' own past.

First the A/A gate. Acceptable assignments are tried on windows of the past in which nothing happened, each knowing only
what came before it. P-values there should be evenly spread over 0 to 1; where they are small an estimator has no power
curve, because its detections would be false alarms.

    coverage  =  share of placebo tests with p >= 1 - level, the intervals that hold zero
    surprise  =  mean of -ln p, which is exponential of mean 1 and standard deviation 1 where nothing happened
    refused   if surprise > 1 + 1.645 / sqrt(windows), counted as those that do not overlap

The size of p says more than whether an interval held (Fisher's way to add up tests), and nine windows are few.
Assignments share geos and weeks, so that they count as one.

Then power. A lift is planted, the treated geos' KPI times (1 + lift) over the measured periods, and the test asked
whether it sees it: p < 1 - level and the right sign. The conformal test fits all periods under the null and measures a
block by its place, so planting goes through the whole past at its full length. For
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
from causal.estimators.conformal import persistence_of, spreads
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
    surprise: float
    level: float
    windows: int
    tests: int

    @property
    def refused(self) -> str:
        """Empty where the past is as quiet as the test takes it to be."""
        most = 1 + 1.645 / np.sqrt(self.windows)
        if self.surprise <= most:
            return ""
        return (
            f"{self.tests} tests of the past in which nothing happened look too much like effects: {self.coverage:.0%} "
            f"of the {self.level:.0%} intervals held zero, and -ln p was {self.surprise:.2f} on average, where "
            f"{most:.2f} may be: no minimum detectable effect can be promised. Leave out geos with breaks, take a "
            "longer history, or test longer"
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
    p_values = np.array(
        [
            [_p_value(_of(history, cells, int(end), measured), rule) for cells in assignments[:ASSIGNMENTS]]
            for end in ends
        ]
    )
    held = p_values >= 1 - level
    surprise = float(-np.log(p_values).mean())
    return Coverage(float(held.mean()), surprise, level, min(apart, len(ends)), held.size)


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
        [_threshold(_within(history, cells, int(end), measured, cell), shape, sign, level, rule) for end in ends]
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
    return conformal_test(trial, rule).surplus(0.0, level, sign) > 0


def _threshold(trial: Trial, shape: np.ndarray, sign: int, level: float, rule: Rule) -> float:
    """The smallest lift that is found in this placebo, to `PRECISION`; infinite where none up to `MOST_LIFT` is.

    The test will stand at the end of its series, where a total strays farther than here (`conformal.spreads`): the lift
    is that much larger there.
    """

    @cache
    def surplus(lift: float) -> float:
        return conformal_test(planted(trial, sign * lift, shape), rule).surplus(0.0, level, sign)

    if surplus(0.0) > 0:
        return 0.0
    high = FIRST_LIFT
    while surplus(high) <= 0:
        high *= 2
        if high > MOST_LIFT:
            return float("inf")
    test = conformal_test(trial, rule)
    spread = spreads(test.periods, test.measured, persistence_of(test.residuals(0.0)))
    farther = float(spread[test.periods - test.measured] / spread[test.start])
    return farther * (float(brentq(surplus, 0.0, high, xtol=PRECISION)) + PRECISION)


def _of(history: History, cells: Cells, end: int, measured: int, cell: int = 0) -> Trial:
    return placebo(history, cells[cell], others(cells, cells[cell]), end, measured)


def _within(history: History, cells: Cells, end: int, measured: int, cell: int) -> Trial:
    """The whole past, the block that ends before period `end` measured: only for fits to all periods."""
    trial = _of(history, cells, len(history.times), measured, cell)
    number = np.arange(len(history.times))
    return replace(trial, measured=(number >= end - measured) & (number < end))


def _p_value(trial: Trial, rule: Rule) -> float:
    return conformal_test(trial, rule).p_value()
