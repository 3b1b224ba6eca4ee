"""Who was treated, and what came of it? People or stores as arrays: the border of estimators without geos.

A table with a row a unit: the outcome, the treatment (0 or 1, or true and false) and numeric covariates from before
it. Everything that is wrong is reported at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmm.errors import InputError, closest

UNCONFOUNDED = (
    "Units with the same covariates are treated or not for reasons that have nothing to do with their outcome.",
    "One unit's treatment does not reach another.",
)


@dataclass(frozen=True)
class Units:
    """Outcome, treatment (0 or 1) and covariates of independent units."""

    outcome: Float[np.ndarray, " unit"]
    treated: Float[np.ndarray, " unit"]
    covariates: Float[np.ndarray, "unit covariate"]


def read_units(units: pd.DataFrame, outcome: str, treatment: str, covariates: Sequence[str] = ()) -> Units:
    """The columns as arrays; raises `InputError` with every column that is missing, not numeric, or has holes."""
    wanted = [outcome, treatment, *covariates]
    known = [str(name) for name in units]
    problems = [f"there is no column {name!r}: {closest(name, known)}" for name in wanted if name not in units]
    for name in (name for name in wanted if name in units):
        if not (pd.api.types.is_numeric_dtype(units[name]) or pd.api.types.is_bool_dtype(units[name])):
            problems.append(f"`{name}` is not numeric: write it as numbers, a category as a column of 0 and 1 each")
        elif units[name].isna().any():
            problems.append(
                f"`{name}` is missing in {units[name].isna().sum()} of {len(units):,} rows: drop or fill them"
            )
    if not problems:
        given = sorted(float(value) for value in units[treatment].unique())
        if given != [0.0, 1.0]:
            problems.append(f"`{treatment}` holds {given}: it must be 0 for some units and 1 for others")
    if problems:
        raise InputError(problems, "the units")
    table = units[wanted].to_numpy(dtype=float)
    return Units(table[:, 0], table[:, 1], table[:, 2:])
