"""What did an experiment show? One answer for every estimator, and its row of the lift table.

    att           the effect on a treated geo (or user) in a period, KPI units
    incremental   att times the treated cells: KPI units that the experiment caused
    lift          incremental as a share of what would have happened without it

`interval` belongs to `att` and comes from the same test as `p_value`: it holds exactly the effects that the test does
not reject, so a p-value below `1 - level` and an interval that holds zero never stand side by side. It may be infinite
on a side where the data cannot reject anything, and then the experiment does not enter the lift table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from causal.estimators.trial import Trial
from mmm.data.lift import OPTIONAL, REQUIRED
from mmm.errors import InputError

LEVEL = 0.9
"""The share of intervals that should hold the truth, unless the caller asks for another."""
Interval = tuple[float, float]


@dataclass(frozen=True)
class Window:
    """Where and when: the treated geos, the days on which spend was moved, and the last day that counts."""

    geos: tuple[str, ...]
    start: pd.Timestamp
    end: pd.Timestamp
    measured_until: pd.Timestamp


@dataclass(frozen=True)
class Estimate:
    """An effect with its uncertainty and what it stands on.

    `cells` is the number of treated geo-periods (or users, or units of exposure); `expected` the KPI that they would
    have had without the experiment; `series` the KPI and its counterfactual by period, for the mean treated geo;
    `weights` what each control counts in the counterfactual. What an estimator does not have is None or NaN.
    """

    estimator: str
    att: float
    interval: Interval
    p_value: float
    level: float
    cells: int | float
    expected: float
    assumptions: tuple[str, ...]
    weights: pd.Series | None = None
    series: pd.DataFrame | None = None
    window: Window | None = None
    own_error: float | None = None

    @property
    def incremental(self) -> float:
        return self.att * self.cells

    @property
    def lift(self) -> float:
        return self.incremental / self.expected

    @property
    def incremental_interval(self) -> Interval:
        return self.interval[0] * self.cells, self.interval[1] * self.cells

    @property
    def standard_error(self) -> float:
        """Of `att`: the test's own where it has one, otherwise that of a normal distribution with the same interval."""
        if self.own_error is not None:
            return self.own_error
        return (self.interval[1] - self.interval[0]) / 2 / float(stats.norm.ppf(0.5 + self.level / 2))


def student(att: float, error: float, degrees: int | float, level: float) -> dict[str, Any]:
    """p-value, interval and standard error of a t-test, as fields of an `Estimate`; infinite degrees make it normal."""
    reach = float(stats.t.ppf(0.5 + level / 2, degrees)) * error
    p_value = float(2 * stats.t.sf(abs(att) / error, degrees)) if error > 0 else float(att == 0)
    return {"interval": (att - reach, att + reach), "p_value": p_value, "level": level, "own_error": error}


def window_of(trial: Trial) -> Window:
    return Window(trial.treated_geos, trial.start, trial.end, trial.measured_until)


def iroas(estimate: Estimate, spend_delta: float) -> tuple[float, Interval]:
    """Incremental KPI per unit of money that the experiment moved, and its interval."""
    low, high = sorted(bound / spend_delta for bound in estimate.incremental_interval)
    return estimate.incremental / spend_delta, (low, high)


def to_lift_rows(
    estimate: Estimate,
    channel: str,
    spend_delta: float,
    *,
    experiment: str,
    design: str = "",
    randomised: bool = False,
    notes: str = "",
    source: str = "",
    window: Window | None = None,
) -> pd.DataFrame:
    """The estimate as a lift table, one row, written as `mmm.data.lift.read_lift` reads it.

    `channel` holds several channels with `;` between them; `window` is for estimates that know no geos and days. Raises
    `InputError` where the mix model could not use the row: no window, no finite standard error, no spend moved.
    """
    where = window or estimate.window
    error = estimate.standard_error * estimate.cells
    problems = []
    if where is None:
        problems.append("the estimate knows neither geos nor days: give them as `window`")
    if not 0 < error < float("inf"):
        problems.append(
            f"the standard error of the lift is {error}: the periods before the start are too few for a "
            f"{estimate.level:.0%} interval with two ends; give more history or ask for a lower level"
        )
    if spend_delta == 0:
        problems.append("spend_delta is 0: write the money spent more (or less, negative) because of the experiment")
    if problems or where is None:
        raise InputError(problems, f"the lift row of {experiment!r}")
    row = {
        "experiment": experiment, "channel": channel,
        "start": f"{where.start:%Y-%m-%d}", "end": f"{where.end:%Y-%m-%d}",
        "spend_delta": spend_delta, "lift": estimate.incremental, "standard_error": error,
        "geos": ";".join(where.geos), "measured_until": f"{where.measured_until:%Y-%m-%d}", "design": design,
        "estimator": estimate.estimator, "randomised": "yes" if randomised else "no", "notes": notes, "source": source,
    }  # fmt: skip
    return pd.DataFrame([row])[[*REQUIRED, *OPTIONAL]]
