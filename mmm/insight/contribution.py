"""How much KPI did each channel bring? Contribution: expected KPI minus expected KPI with that channel at zero.

    contribution[c,g] = sum over the window's periods of channel_effect[c,t,g]

and the whole decomposition by time, baseline included. Every summary is taken last, over draws. All that is summed over
the window comes from one pass over all draws (`effects`), in which responses are computed and summed in single
precision, as they were sampled.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from mmm.insight.contrast import Sample, channel_effect, draws_of, expected_kpi, labelled, over_draws
from mmm.insight.memory import remembered
from mmm.model.core import Response, response_and_slope
from mmm.model.design import fitted
from mmm.model.fit import model_of, panel_of
from mmm.model.spec import Arrays, Structure, for_sampling
from mmm.study import INTERVAL

SAMPLES_BY_TIME = 400
"""Draws behind a band by period: quantiles of 400 draws are within two points of the nominal ones."""
BASELINE = "baseline"
INTERACTION = "interaction"
APART = ("seasonality", "events", "controls", "treatments")
"""Blocks of the baseline that the decomposition shows by themselves."""


class Effects(NamedTuple):
    """Sums over the window by draw: contribution in KPI units, its value in money, and how fast that value grows with a
    multiple of all exposure, at 1."""

    contribution: Float[np.ndarray, "draw geo channel"]
    value: Float[np.ndarray, "draw geo channel"]
    slope: Float[np.ndarray, "draw geo channel"]


def contribution(fit: xr.DataTree, *, as_value: bool = False) -> xr.DataArray:
    """Contribution over the window, `chain draw geo channel`: KPI units, or money with `as_value`."""
    found = effects(fit)
    return by_channel(fit, found.value if as_value else found.contribution, "money" if as_value else "KPI units")


@remembered
def effects(fit: xr.DataTree) -> Effects:
    """What every draw says of each channel in each geo, over the window."""
    model = model_of(fit)
    weights = window_weight(fit, False), window_weight(fit, True)
    return Effects(*over_draws(_effects, model.structure, draws_of(fit), for_sampling(model.arrays), *weights))


def by_channel(fit: xr.DataTree, values: Float[np.ndarray, "draw geo channel"], units: str) -> xr.DataArray:
    """Sums over the window with their names, `chain draw geo channel`."""
    panel = panel_of(fit)
    return labelled(fit, values, {name: panel[name].values for name in ("geo", "channel")}, None, units)


def summed(shape: Response, weight: Float[Array, "time geo"]) -> Float[Array, "geo channel"]:
    """The weighted sum over time, in the precision of the response."""
    return (shape * weight.astype(shape.dtype)).sum(axis=1).T


def _effects(
    structure: Structure, sample: Sample, arrays: Arrays, in_kpi: Array, in_money: Array
) -> tuple[Array, Array, Array]:
    own, slope = response_and_slope(structure, arrays, sample)
    coefficient = sample["coefficient"]
    if structure.link == "identity":

        def total(shape: Response, weight: Array) -> Array:
            return summed(shape, weight * arrays.size) * coefficient

        return total(own, in_kpi), total(own, in_money), total(slope, in_money)
    expected = expected_kpi(structure, sample, arrays, own)
    effect = expected * -jnp.expm1(-coefficient.T[:, None, :] * own)
    marginal = expected * slope * coefficient.T[:, None, :]
    return summed(effect, in_kpi), summed(effect, in_money), summed(marginal, in_money)


def decompose(fit: xr.DataTree, *, total: bool = False) -> xr.Dataset:
    """Expected KPI by source, `component geo time`, with `mean`, `p05` and `p95`; KPI units.

    With `total` the geos are summed draw by draw, as geo `all`. Components are the channels, `baseline` (intercept,
    trend, breaks), `seasonality`, `events`, `controls` and `treatments` where there are any, and for
    models whose channels multiply each other the `interaction` that belongs to none of them alone. The means add up
    to expected KPI.
    """
    model, panel = model_of(fit), panel_of(fit)
    names = component_names(model.structure)
    question = _totals if total else _components
    values = over_draws(question, model.structure, draws_of(fit, SAMPLES_BY_TIME), for_sampling(model.arrays))
    summaries = [_summary(values[:, index]) for index in range(len(names))]
    coords = {"component": names, "geo": ["all"] if total else panel["geo"].values, "time": panel["time"].values}
    stacked = {key: np.stack([summary[key] for summary in summaries]) for key in ("mean", "p05", "p95")}
    return xr.Dataset({key: (tuple(coords), values) for key, values in stacked.items()}, coords=coords)


def component_names(structure: Structure) -> list[str]:
    """Channels first, then the parts of the baseline, in the order of `components`."""
    parts = [name for name, _, _ in structure.blocks if name in APART]
    interaction = [INTERACTION] if structure.link == "log" else []
    return [*structure.channels, BASELINE, *parts, *interaction]


def components(structure: Structure, sample: Sample, arrays: Arrays) -> Float[Array, "component geo time"]:
    """Expected KPI by component; sums to expected KPI."""
    media = channel_effect(structure, sample, arrays)
    linear: dict[str, Array] = {}
    coefficient, position = sample["baseline_coefficient"], 0
    for name, columns, _ in structure.blocks:
        inside = (jnp.arange(len(coefficient)) >= position) & (jnp.arange(len(coefficient)) < position + columns)
        part = fitted(arrays.design, jnp.where(inside, coefficient, 0.0))
        key = name if name in APART else BASELINE
        linear[key] = linear[key] + part if key in linear else part
        position += columns
    names = component_names(structure)[len(structure.channels) :]
    if structure.link == "log":
        rows = _multiplied(structure, sample, arrays, media, [linear[name] for name in names if name != INTERACTION])
    else:
        rows = [linear[name] * arrays.size for name in names]
    return jnp.concatenate([media, jnp.stack(rows)]).transpose(0, 2, 1)


def _components(structure: Structure, sample: Sample, arrays: Arrays) -> Array:
    return components(structure, sample, arrays).astype(jnp.float32)


def _totals(structure: Structure, sample: Sample, arrays: Arrays) -> Array:
    return components(structure, sample, arrays).sum(axis=1, keepdims=True).astype(jnp.float32)


def _multiplied(structure: Structure, sample: Sample, arrays: Arrays, media: Array, linear: list[Array]) -> list[Array]:
    """Baseline and its parts under a log link: the exponentiated level, each other factor's own contrast, and the
    remainder."""
    level = jnp.exp(linear[0]) * arrays.size
    rows = [level, *[level * jnp.expm1(part) for part in linear[1:]]]
    return [*rows, expected_kpi(structure, sample, arrays) - media.sum(axis=0) - sum(rows)]


def window_weight(fit: xr.DataTree, as_value: bool) -> Array:
    """1 (or the value of a KPI unit) in the window's periods, 0 outside, `(time, geo)`."""
    panel = panel_of(fit)
    inside = np.broadcast_to(panel["in_window"].to_numpy()[:, None], (panel.sizes["time"], panel.sizes["geo"]))
    value = panel["value_per_kpi"].transpose("time", "geo").to_numpy() if as_value else 1.0
    return jnp.asarray(inside * value, dtype=float)


def _summary(values: np.ndarray) -> dict[str, np.ndarray]:
    low, high = np.quantile(values, INTERVAL, axis=0)
    return {"mean": values.mean(axis=0), "p05": low, "p95": high}
