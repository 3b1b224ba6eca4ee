"""Is a channel's ROI the data's word, the prior's, or that of something nobody measured?

    identification(fit)     # one row a paid channel: everything below; tables/learning.csv

| column | question |
|---|---|
| `learned` | what share of the prior's spread (log ROI) have the data removed? |
| `roi_weaker_prior`, `roi_stronger_prior` | what would the ROI be, did the media prior count 20 % less, or 25 % more? |
| `prior_sensitivity`, `likelihood_sensitivity` | how much does the posterior move with either; above 0.05 it does |
| `pareto_k` | may these reweighted numbers be trusted? Above 0.7 they may not, and are left out |
| `carryover_saturation` | do carryover and saturation trade off? Posterior correlation of half-life and saturation |
| `tipping_share` | what share of the remaining variation of both the channel and the KPI would a hidden cause have to |
| | explain to bring the ROI down to break-even? |
| `tipping_multiple`, `like` | how many times as strong as the strongest measured cause is that, and which one is it? |

Nothing is fitted again. Sensitivities are importance weights `p(theta)^(a - 1)` or `p(y | theta)^(a - 1)` on the draws
there are, Pareto-smoothed (Kallioinen et al., Statistics and Computing 34, 2024). The tipping point follows Cinelli and
Hazlett (JRSS B 82, 2020, 4.4) on the regression of the KPI on all columns of the model, with the channel's mean
contribution as the treatment:

    bias = sqrt(r_y r_x / (1 - r_x)) sd(KPI | channel, rest) / sd(channel | rest)

A hidden cause k times as strong as measured cause j explains k times what j explains, of both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float
from scipy.optimize import brentq

from mmm.insight.check import COLUMNS
from mmm.insight.contrast import Sample, channel_effect, draws_of, mean_over_draws
from mmm.insight.density import log_likelihood, log_prior
from mmm.insight.evidence import row
from mmm.insight.prior import learning, saturation
from mmm.insight.returns import half_life, roi
from mmm.model.fit import Model, model_of, panel_of, study_of
from mmm.model.spec import Arrays, Structure, for_sampling
from mmm.study import Study

SCALED = 1.25
"""By how much the prior is counted more, and its inverse less."""
NEAR = (0.99, 1.01)
"""Powers at which sensitivities are taken, as in the paper."""
SENSITIVE = 0.05
TRUSTED_K = 0.7
"""Pareto k above which importance weights rest on a few draws (Vehtari et al., JMLR 25, 2024)."""
OWN_PRIOR = 0.1
"""Share of its own prior's spread that the data must remove, or the posterior is that prior."""
SAMPLES = 200
FEWEST_DEGREES = 10
MOST = 100.0
"""The largest multiple of a measured cause that is looked for."""


def identification(fit: xr.DataTree) -> pd.DataFrame:
    """All of it, one row a paid channel that spends."""
    table = learning(fit)
    for part in (sensitivity(fit), ridge(fit), tipping(fit)):
        table = table.merge(part, on="channel", how="left")
    return table


def prior_driven(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Rows for `tables/checks.csv`: channels with a prior of their own from which the data have not moved.

    `table` is that of `identification`; channels under the common prior have a check of their own (`learning`).
    """
    rows = []
    for name, learned in zip(table["channel"], table["learned"], strict=True):
        if study.model.of(str(name)).strength is None:
            continue
        message = (
            f"{name}: the data removed only {max(float(learned), 0.0):.0%} of the uncertainty of the prior that the "
            "study gives it: its ROI is what the study said. Say so where the number is used, and test the channel."
        )
        result = "pass" if learned >= OWN_PRIOR else "caution"
        rows.append(row("prior_driven", str(name), float(learned), OWN_PRIOR, result, message))
    return pd.DataFrame(rows, columns=COLUMNS)


def sensitivity(fit: xr.DataTree) -> pd.DataFrame:
    """Power-scaling of the media prior and of the likelihood, by paid channel; NaN where Pareto k is too large."""
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    parts = {"prior": log_prior(fit).to_numpy(), "likelihood": log_likelihood(fit).sum("time").to_numpy()}
    returns = roi(fit)
    weights = {(name, power): _weights(array_stats, values, power) for name, values in parts.items() for power in NEAR}
    scaled = {power: _weights(array_stats, parts["prior"], power) for power in (1 / SCALED, SCALED)}
    k = max(found for _, found in scaled.values())
    rows = []
    for name in returns["channel"].values:
        draws = returns.sel(channel=name).to_numpy()
        if not np.isfinite(draws).all():
            continue
        moved = [float((scaled[power][0] * draws).sum()) if k <= TRUSTED_K else np.nan for power in scaled]
        felt = [
            float(
                array_stats.power_scale_sense(draws, weights[part, NEAR[0]][0], weights[part, NEAR[1]][0], *NEAR, 0, 1)
            )
            for part in parts
        ]
        rows.append((str(name), *moved, *felt, k))
    columns = ["roi_weaker_prior", "roi_stronger_prior", "prior_sensitivity", "likelihood_sensitivity", "pareto_k"]
    return pd.DataFrame(rows, columns=["channel", *columns])


def _weights(array_stats: object, log_density: np.ndarray, power: float) -> tuple[np.ndarray, float]:
    """Normalised Pareto-smoothed weights of draws whose density is raised to `power`, and Pareto k."""
    log_ratio = (power - 1.0) * (log_density - log_density.mean())
    smoothed, k = array_stats.psislw(-log_ratio, axis=[0, 1])  # type: ignore[attr-defined]  # it changes the sign itself
    weights = np.exp(smoothed - smoothed.max())
    return weights / weights.sum(), float(k)


def ridge(fit: xr.DataTree) -> pd.DataFrame:
    """Posterior correlation of half-life and saturation at typical exposure; NaN where either does not vary."""
    lives, levels, panel = half_life(fit), saturation(fit), panel_of(fit)
    rows = []
    for name in panel["channel"].values[panel["paid"].values.astype(bool)]:
        first, second = (values.sel(channel=name).to_numpy().ravel() for values in (lives, levels))
        vary = np.ptp(first) > 0 and np.ptp(second) > 0
        rows.append((str(name), float(np.corrcoef(first, second)[0, 1]) if vary else np.nan))
    return pd.DataFrame(rows, columns=["channel", "carryover_saturation"])


def tipping(fit: xr.DataTree, break_even: float | None = None) -> pd.DataFrame:
    """How strong a hidden common cause would have to be to bring each ROI down to `break_even`: by default 1, or one
    over the study's margin. 0 where it is there already; NaN where the data have too few periods to say.
    """
    model, panel, returns = model_of(fit), panel_of(fit), roi(fit).mean(["chain", "draw"])
    target = paying_return(fit) if break_even is None else break_even
    effects, kpi, columns, causes, cells = _regression(fit, model)
    names = [str(name) for name in panel["channel"].values]
    rows = []
    for name in map(str, returns["channel"].values):
        value = float(returns.sel(channel=name))
        place = names.index(name)
        others = np.column_stack([columns, np.delete(effects, place, axis=1)])
        found = (np.nan, np.nan, "")
        if np.isfinite(value) and cells - others.shape[1] - 1 >= FEWEST_DEGREES:
            found = (
                (0.0, 0.0, "") if value <= target else _tip(kpi, effects[:, place], others, causes, 1 - target / value)
            )
        rows.append((name, target, *found))
    return pd.DataFrame(rows, columns=["channel", "break_even", "tipping_share", "tipping_multiple", "like"])


def paying_return(fit: xr.DataTree) -> float:
    """The ROI at which a channel pays back: one over the study's margin, or 1."""
    return study_of(fit).plan.finance.paying_return


class Regression(NamedTuple):
    """The channels' mean effects, the KPI and the baseline's columns relative to the geo's size, and where the measured
    causes are among these. Rows are turned so that they are as few as the columns: all products stay as they were over
    the `cells` that count."""

    effects: Float[np.ndarray, "row channel"]
    kpi: Float[np.ndarray, " row"]
    columns: Float[np.ndarray, "row column"]
    causes: dict[str, int]
    cells: int


def _regression(fit: xr.DataTree, model: Model) -> Regression:
    structure, arrays, blocks = model
    given = structure, draws_of(fit, SAMPLES), for_sampling(arrays)
    effects = mean_over_draws(_relative_effect, *given).reshape(len(structure.channels), -1).T
    counts = np.asarray(arrays.mask).ravel() > 0
    shape = np.asarray(arrays.mask).shape
    design = arrays.design
    levels = np.broadcast_to(np.eye(shape[1]), (*shape, shape[1]))
    shared = np.broadcast_to(np.asarray(design.shared)[:, None, :], (*shape, design.shared.shape[1]))
    columns = np.concatenate([levels, shared, np.asarray(design.own)], axis=-1).reshape(-1, len(design.sd))[counts]
    labels = [(block.name, label) for block in blocks for label in block.labels]
    causes = {label: place for place, (block, label) in enumerate(labels) if block in ("controls", "treatments")}
    kpi = np.asarray(arrays.kpi).ravel()[counts]
    kpi = np.log(np.maximum(kpi, 1e-12)) if structure.link == "log" else kpi
    turned = np.asarray(np.linalg.qr(np.column_stack([columns, effects[counts], kpi]), mode="r"))
    return Regression(turned[:, columns.shape[1] : -1], turned[:, -1], turned[:, : columns.shape[1]], causes, len(kpi))


def _relative_effect(structure: Structure, sample: Sample, arrays: Arrays) -> Float[Array, "channel time geo"]:
    return channel_effect(structure, sample, arrays) / arrays.size


def _tip(
    kpi: np.ndarray, channel: np.ndarray, others: np.ndarray, causes: dict[str, int], needed: float
) -> tuple[float, float, str]:
    """The share of variation and the multiple of the strongest cause at which the bias is `needed` of the effect."""
    left, unexplained = _left(others, channel, kpi)
    scale = np.sqrt((unexplained**2).sum() / max((left**2).sum(), 1e-300))
    f = needed / scale
    share = 0.5 * (np.sqrt(f**4 + 4 * f**2) - f**2)
    found = {}
    for name, place in causes.items():
        rest = np.delete(others, place, axis=1)
        own = _without(others[:, place], rest)
        left, of_kpi = _left(rest, channel, kpi)
        found[name] = _multiple(_explained(left, own), _explained(of_kpi, _without(own, left[:, None])), f)
    like = min(found, key=found.__getitem__) if found else ""
    return float(share), float(found[like]) if like else np.nan, like


def _multiple(of_channel: float, of_kpi: float, f: float) -> float:
    """How many times as strong as a measured cause a hidden one must be; `MOST` where no strength will do."""

    def bias(k: float) -> float:
        with_channel = k * of_channel / (1 - of_channel)
        shared = k * of_channel**2 / ((1 - k * of_channel) * (1 - of_channel))
        if with_channel >= 1 or shared >= 1:
            return np.inf
        with_kpi = ((np.sqrt(k) + np.sqrt(shared)) / np.sqrt(1 - shared)) ** 2 * of_kpi / (1 - of_kpi)
        return float(np.sqrt(min(with_kpi, 1.0) * with_channel / (1 - with_channel)))

    highest = min(MOST, 0.999 * (1 - of_channel) / max(of_channel, 1e-12))
    if bias(highest) < f:
        return MOST if highest == MOST else highest
    return float(brentq(lambda k: min(bias(k), 1e9) - f, 0.0, highest))


def _left(columns: np.ndarray, channel: np.ndarray, kpi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `columns` leave unexplained of the channel, and together with it of the KPI."""
    left, of_kpi = _without(np.column_stack([channel, kpi]), columns).T
    return left, _without(of_kpi, left[:, None])


def _without(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """What `columns` leave unexplained of `values`."""
    return values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]


def _explained(values: np.ndarray, cause: np.ndarray) -> float:
    """The share of the variation of one residual that another explains, below 1."""
    square = float((values @ cause) ** 2 / max((values @ values) * (cause @ cause), 1e-300))
    return min(square, 0.999)
