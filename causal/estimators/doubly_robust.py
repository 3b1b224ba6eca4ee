"""What would the treated units have done, if either a model of the outcome or one of the treatment is right?

    gap_i = outcome_i - expected_i,    expected_i: a regression on the untreated units
    att   = mean gap of the treated - mean gap of the untreated, weighted by their odds of treatment e / (1 - e)

The regression says what the treated would have done; the weighted residuals of the untreated units, made to look like
the treated by their odds of treatment, correct it. It is enough that one of the two models holds. Both see units that
they were not fitted to (five folds), and odds are capped, since one unit that was nearly certain to be treated must not
speak for all. Source: Robins, Rotnitzky and Zhao, JASA 1994; Chernozhukov and others, Econometrics Journal 2018.

p-value and interval come from the influence function. They know nothing of causes that were not measured: on ads, such
adjustment has been several times too high where experiments could tell.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from causal.estimators.estimate import LEVEL, Estimate
from causal.estimators.regression_adjustment import unit_estimate
from causal.estimators.units import Units, read_units
from mmm.errors import InputError

FOLDS, CAP, STEPS = 5, 0.98, 50
RIDGE = 1e-3
"""Keeps the odds finite where covariates separate the two groups; columns have unit variance."""


def estimate(
    units: pd.DataFrame,
    outcome: str,
    treatment: str,
    covariates: Sequence[str],
    *,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """The effect on the treated units, adjusted twice; raises `InputError` with fewer than ten units on a side."""
    data = read_units(units, outcome, treatment, covariates)
    sides = int(data.treated.sum()), int((1 - data.treated).sum())
    if min(sides) < 2 * FOLDS:
        raise InputError(
            [f"{sides[0]} treated and {sides[1]} untreated units: at least {2 * FOLDS} a side"], "the units"
        )
    expected, odds = out_of_fold(data, seed)
    gap = data.outcome - expected
    share = data.treated.mean()
    weight = (1 - data.treated) * odds
    weight = weight / weight.mean() * share
    att = float(((data.treated - weight) * gap).mean() / share)
    influence = ((data.treated - weight) * gap - data.treated * att) / share
    error = float(influence.std(ddof=1) / np.sqrt(len(gap)))
    return unit_estimate("doubly_robust", data, att, error, float(len(gap) - 1), level, True)


def out_of_fold(data: Units, seed: int) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
    """What each unit would do untreated and its odds of treatment, from models that did not see it."""
    fold = np.random.default_rng(seed).permutation(np.arange(len(data.outcome)) % FOLDS)
    size = data.covariates.std(0)
    columns = (data.covariates - data.covariates.mean(0)) / np.where(size > 0, size, 1.0)
    design = np.column_stack([np.ones(len(columns)), columns])
    expected, chance = np.empty(len(fold)), np.empty(len(fold))
    for each in range(FOLDS):
        seen, held = fold != each, fold == each
        untreated: Bool[np.ndarray, " unit"] = seen & (data.treated == 0)
        slopes, *_ = np.linalg.lstsq(design[untreated], data.outcome[untreated])
        expected[held] = design[held] @ slopes
        chance[held] = 1 / (1 + np.exp(-design[held] @ logistic(design[seen], data.treated[seen])))
    chance = np.minimum(chance, CAP)
    return expected, chance / (1 - chance)


def logistic(
    design: Float[np.ndarray, "unit column"], treated: Float[np.ndarray, " unit"]
) -> Float[np.ndarray, " column"]:
    """Logistic regression by Newton's steps, with next to no ridge."""
    slopes = np.zeros(design.shape[1])
    penalty = RIDGE * np.eye(len(slopes))
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ slopes, -30, 30)))
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, design.T @ (treated - chance) - penalty @ slopes)
        slopes = slopes + step
        if np.abs(step).max() < 1e-8:
            break
    return slopes
