"""Which of several models predicts best, and should one choose at all? Leave-one-out, rolling origins, and stacking.

    loo(fit)                                  # elpd, its standard error, and whether the estimate may be trusted
    compare({"auto": first, "delayed": second})    # a table, best first
    rolling_density(panel, study, [104, 117], 13, mmm.fit)  # log density of what followed each origin
    stack({"a": ahead_of_a, "b": ahead_of_b})      # how much of each model a prediction should be made of

`elpd` is the sum over periods of log p(y_t | the others), by Pareto-smoothed importance sampling on the draws there are
(Vehtari, Gelman and Gabry 2017). The density of a period is that given all parameters, baseline coefficients drawn
from their exact conditional where the sampler had integrated them out (`mmm.insight.density`). A period with Pareto k
above 0.7 carries the fit by itself: its part of the sum is not known, and the table says how many there are. Leaving
one week out of a trend is easy to fill in from both sides; a plan is about what comes next, so models that differ in
their trend are better told apart by rolling origins.

Stacking (Yao et al. 2018) gives the weights that would have predicted best, shrunk towards equal ones by a Dirichlet
prior worth `prior` periods a model, since a handful of origins cannot tell models apart to three digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float
from scipy.optimize import minimize
from scipy.special import logsumexp

from mmm.errors import InputError
from mmm.insight.density import log_likelihood, log_predictive
from mmm.insight.identify import TRUSTED_K
from mmm.study import Study

PRIOR = 4.0
"""Periods of evidence that equal weights count for, by model."""

Fitted = Callable[[xr.DataTree, Study], xr.DataTree]


@dataclass(frozen=True)
class Loo:
    """`pointwise` is log p(y_t | the others) by period, `pareto_k` how far each may be trusted; `elpd` is their sum."""

    pointwise: xr.DataArray
    pareto_k: xr.DataArray

    @property
    def elpd(self) -> float:
        return float(self.pointwise.sum())

    @property
    def error(self) -> float:
        """Standard error of `elpd` over periods."""
        return float(np.sqrt(self.pointwise.size) * self.pointwise.std())

    @property
    def doubtful(self) -> int:
        """Periods whose density is not known from these draws."""
        return int((self.pareto_k > TRUSTED_K).sum())


def loo(fit: xr.DataTree) -> Loo:
    """The log density of every window period given the others."""
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    values = log_likelihood(fit).stack(sample=("chain", "draw"), create_index=False).transpose("time", "sample")
    weights, k = array_stats.psislw(values.to_numpy(), axis=-1)  # of ratios 1 / p: it changes the sign itself
    pointwise = logsumexp(values.to_numpy() + weights, axis=-1) - logsumexp(weights, axis=-1)
    coords = {"time": values["time"].values}
    return Loo(xr.DataArray(pointwise, coords, ("time",)), xr.DataArray(np.asarray(k), coords, ("time",)))


def compare(fits: Mapping[str, xr.DataTree]) -> pd.DataFrame:
    """`model, elpd, difference, error, doubtful, weight`, best first; `difference` is against the best, and `error` the
    standard error of that difference, taken period by period.

    Raises `InputError` where the fits are not of the same periods.
    """
    found = {name: loo(fit) for name, fit in fits.items()}
    times = {name: tuple(one.pointwise["time"].values) for name, one in found.items()}
    if len(set(times.values())) > 1:
        raise InputError(["the models were fitted to different periods: give each the same panel and window"])
    best = max(found, key=lambda name: found[name].elpd)
    weights = stack({name: one.pointwise.to_numpy() for name, one in found.items()})
    rows = []
    for name, one in found.items():
        apart = (one.pointwise - found[best].pointwise).to_numpy()
        error = float(np.sqrt(len(apart)) * apart.std())
        rows.append((name, one.elpd, float(apart.sum()), error, one.doubtful, weights[name]))
    table = pd.DataFrame(rows, columns=["model", "elpd", "difference", "error", "doubtful", "weight"])
    return table.sort_values("elpd", ascending=False, ignore_index=True)


def rolling_density(
    panel: xr.DataTree, study: Study, origins: Sequence[int], ahead: int, fit: Fitted
) -> Float[np.ndarray, " period"]:
    """Log predictive density of the `ahead` periods after each origin, given the rows before it, one origin after the
    other. An origin is the number of rows that are seen; `fit(panel, study)` fits them, `mmm.fit` for instance.

    Spend and controls of the periods ahead are taken as known. Each period stands by itself: what those of one origin
    share (a level that is not known) enters each of them.
    """
    data = panel["panel"].to_dataset()
    rows, found = np.arange(data.sizes["time"]), []
    for origin in origins:
        seen = xr.DataTree.from_dict({"/panel": data.isel(time=rows < origin)})
        seen.attrs = dict(panel.attrs)
        longer = data.isel(time=rows < origin + ahead)
        new = rows[: longer.sizes["time"]] >= origin
        longer = longer.assign_coords(in_window=("time", longer["in_window"].values & ~new))
        found.append(log_predictive(fit(seen, study), longer, new))
    return np.concatenate(found)


def stack(densities: Mapping[str, Float[np.ndarray, " period"]], prior: float = PRIOR) -> dict[str, float]:
    """Weights that sum to 1 and maximise the mean log density of the mixture, shrunk towards equal ones.

    sum_t log( sum_m w_m p_m(t) ) + prior sum_m log w_m
    """
    names = list(densities)
    values = np.stack([np.asarray(densities[name], float) for name in names], axis=-1)
    values = values - values.max(axis=1, keepdims=True)

    def loss(free: np.ndarray) -> float:
        log_weight = np.append(free, 0.0) - logsumexp(np.append(free, 0.0))
        return float(-logsumexp(values + log_weight, axis=1).sum() - prior * log_weight.sum())

    free = minimize(loss, np.zeros(len(names) - 1), method="BFGS").x if len(names) > 1 else np.zeros(0)
    weights = np.exp(np.append(free, 0.0) - logsumexp(np.append(free, 0.0)))
    return dict(zip(names, map(float, weights), strict=True))
