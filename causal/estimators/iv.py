"""What does exposure do, when only the chance of exposure was left to chance? An instrument, with an honest interval.

    outcome_i = effect * exposure_i + covariates_i . gamma + u_i,    the instrument moves the exposure and is not in u

The estimate is that of two-stage least squares: what the instrument does to the outcome over what it does to the
exposure. Its usual interval is wrong where the instrument moves exposure little, so p-value and interval come from
Anderson and Rubin's test: for each effect b, does the instrument still explain `outcome - b * exposure`? It holds its
level however weak the instrument is, and says so with an interval that is unbounded. Source: Anderson and Rubin, Annals
of Mathematical Statistics 1949; Andrews, Stock and Sun, Annual Review of Economics 2019.

Use it for encouragement designs, and for users who were meant to see an ad and did not: the effect is that on those
whom the instrument moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

from causal.estimators.estimate import LEVEL, Estimate, Interval
from causal.estimators.units import read_units
from mmm.errors import InputError

ASSUMPTIONS = (
    "The instrument was assigned by chance, given the covariates.",
    "It works through the exposure and in no other way, and moves nobody against its direction.",
    "The effect is that on units whose exposure the instrument moved.",
)


class Reduced(NamedTuple):
    """What the instrument does to outcome and exposure, the covariance of the two, and the degrees of freedom."""

    outcome: float
    exposure: float
    variance: Float[np.ndarray, "2 2"]
    degrees: int


def estimate(
    units: pd.DataFrame,
    outcome: str,
    exposure: str,
    instrument: str,
    covariates: Sequence[str] = (),
    *,
    level: float = LEVEL,
) -> Estimate:
    """The effect of a unit of exposure; `instrument` is 0 or 1, `exposure` any number.

    `cells` is the exposure that the instrument added, so that `incremental` is what it caused. Raises `InputError` if
    the exposure does not differ with the instrument.
    """
    data = read_units(units, outcome, instrument, [exposure, *covariates])
    slopes = reduced(data.outcome, data.covariates[:, 0], data.treated, data.covariates[:, 1:])
    if abs(slopes.exposure) < 1e-12 * max(float(np.abs(data.covariates[:, 0]).max()), 1e-300):
        raise InputError([f"{exposure!r} does not differ with {instrument!r}: it is no instrument for it"], "the units")
    return Estimate(
        estimator="iv",
        att=slopes.outcome / slopes.exposure,
        interval=anderson_rubin(slopes, level),
        p_value=float(2 * stats.t.sf(abs(slopes.outcome) / np.sqrt(slopes.variance[0, 0]), slopes.degrees)),
        level=level,
        cells=slopes.exposure * float(data.treated.sum()),
        expected=float("nan"),
        assumptions=ASSUMPTIONS,
    )


def reduced(
    outcome: Float[np.ndarray, " unit"],
    exposure: Float[np.ndarray, " unit"],
    instrument: Float[np.ndarray, " unit"],
    covariates: Float[np.ndarray, "unit covariate"],
) -> Reduced:
    """Slopes on the instrument with covariates held still; each unit has a covariance of its own."""
    controls = np.column_stack([np.ones(len(outcome)), covariates])
    left, pair = (
        values - controls @ (np.linalg.pinv(controls) @ values)
        for values in (instrument, np.column_stack([outcome, exposure]))
    )
    energy = left @ left
    slopes = left @ pair / energy
    degrees = len(outcome) - controls.shape[1] - 1
    scores = left[:, None] * (pair - np.outer(left, slopes))
    variance = scores.T @ scores / energy**2 * len(outcome) / degrees
    return Reduced(float(slopes[0]), float(slopes[1]), variance, degrees)


def anderson_rubin(slopes: Reduced, level: float) -> Interval:
    """Effects b at which `outcome - b exposure` shows nothing of the instrument: a quadratic inequality in b.

    Where it holds outside of two roots, or everywhere, the instrument is too weak to end the interval, and both ends
    are infinite (the hull of what is not rejected).
    """
    limit = float(stats.t.ppf(0.5 + level / 2, slopes.degrees)) ** 2
    square = slopes.exposure**2 - limit * slopes.variance[1, 1]
    linear = -2 * (slopes.outcome * slopes.exposure - limit * slopes.variance[0, 1])
    constant = slopes.outcome**2 - limit * slopes.variance[0, 0]
    if square <= 0:
        return -np.inf, np.inf
    root = np.sqrt(max(linear**2 - 4 * square * constant, 0.0))
    return float((-linear - root) / (2 * square)), float((-linear + root) / (2 * square))
