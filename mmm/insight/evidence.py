"""What do the checks of a fit look at, and what is a row of their table?

`Evidence` is made once a fit and passed to every check (`mmm.insight.check` lists them); a check yields `row`s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from jaxtyping import Float

from mmm.study import Study

Row = tuple[str, str, float, float, str, str]


@dataclass(frozen=True)
class Evidence:
    """What the checks look at, computed once. Dims: contribution `chain draw channel`, predictions `sample geo
    time`."""

    fit: xr.DataTree
    study: Study
    panel: xr.Dataset
    contribution: xr.DataArray
    expected: xr.DataArray
    predicted: xr.DataArray

    @cached_property
    def paid(self) -> list[str]:
        """Names of the paid channels."""
        return [str(name) for name in self.panel["channel"].values[self.panel["paid"].values.astype(bool)]]

    @cached_property
    def actual(self) -> Float[np.ndarray, "geo time"]:
        """KPI inside the window."""
        return self.panel["kpi"].sel(time=self.panel["in_window"]).transpose("geo", "time").to_numpy()

    @cached_property
    def missed(self) -> Float[np.ndarray, "geo time"]:
        """What was not expected, in KPI units."""
        return self.actual - self.expected.mean("sample").transpose("geo", "time").to_numpy()

    @property
    def residual(self) -> Float[np.ndarray, "geo time"]:
        """What was not expected, in units of each geo's own residual standard deviation."""
        return self.missed / np.nanstd(self.missed, axis=1, keepdims=True)


def row(name: str, subject: str, statistic: float, limit: float, result: str, message: str) -> Row:
    """One row of the table; what passed needs no message."""
    return name, subject, float(statistic), float(limit), result, "" if result == "pass" else message


def above(value: float, caution: float, fail: float = np.inf) -> str:
    """`pass` up to `caution`, `fail` above `fail`; what is not a number fails."""
    if not value <= fail:
        return "fail"
    return "caution" if value > caution else "pass"
