"""How much KPI did each channel bring? Contribution: expected KPI minus expected KPI with that channel at zero.

    contribution[c,g] = sum over the window's periods of channel_effect[c,t,g]

and the whole decomposition by time, baseline included. Every summary is taken last, over draws.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array

from mmm.insight.contrast import Sample, channel_effect, draws_of, expected_kpi, labelled, over_draws
from mmm.model.design import fitted
from mmm.model.fit import Model, model_of, panel_of
from mmm.study import INTERVAL

SAMPLES_BY_TIME = 400
"""Draws behind a band by period: quantiles of 400 draws are within two points of the nominal ones."""
BASELINE = "baseline"
INTERACTION = "interaction"
APART = ("seasonality", "events", "controls", "treatments")
"""Blocks of the baseline that the decomposition shows by themselves."""


def contribution(fit: xr.DataTree, *, as_value: bool = False) -> xr.DataArray:
    """Contribution over the window, `chain draw geo channel`: KPI units, or money with `as_value`."""
    model = model_of(fit)
    weight = window_weight(fit, as_value)
    values = over_draws(
        lambda sample: jnp.einsum("ctg,tg->gc", channel_effect(model, model.arrays, sample), weight), draws_of(fit)
    )
    panel = panel_of(fit)
    coords = {"geo": panel["geo"].values, "channel": panel["channel"].values}
    return labelled(fit, values, coords, None, "money" if as_value else "KPI units")


def decompose(fit: xr.DataTree, *, total: bool = False) -> xr.Dataset:
    """Expected KPI by source, `component geo time`, with `mean`, `p05` and `p95`; KPI units.

    With `total` the geos are summed draw by draw, as geo `all`. Components are the channels, `baseline` (intercept,
    trend, breaks), `seasonality`, `events`, `controls` and `treatments` where there are any, and for
    models whose channels multiply each other the `interaction` that belongs to none of them alone. The means add up
    to expected KPI.
    """
    model = model_of(fit)
    names = component_names(model)
    draws = draws_of(fit, SAMPLES_BY_TIME)
    panel = panel_of(fit)

    def question(sample: Sample) -> Array:
        values = components(model, sample)
        return (values.sum(axis=1, keepdims=True) if total else values).astype(jnp.float32)

    values = over_draws(question, draws)
    summaries = [_summary(values[:, index]) for index in range(len(names))]
    coords = {"component": names, "geo": ["all"] if total else panel["geo"].values, "time": panel["time"].values}
    stacked = {key: np.stack([summary[key] for summary in summaries]) for key in ("mean", "p05", "p95")}
    return xr.Dataset({key: (tuple(coords), values) for key, values in stacked.items()}, coords=coords)


def component_names(model: Model) -> list[str]:
    """Channels first, then the parts of the baseline, in the order of `components`."""
    parts = [name for name, _, _ in model.structure.blocks if name in APART]
    interaction = [INTERACTION] if model.structure.link == "log" else []
    return [*model.structure.channels, BASELINE, *parts, *interaction]


def components(model: Model, sample: Sample) -> Array:
    """Expected KPI by component, `(component, geo, time)`; sums to expected KPI."""
    structure, arrays, _ = model
    media = channel_effect(model, arrays, sample)
    linear: dict[str, Array] = {}
    coefficient, position = sample["baseline_coefficient"], 0
    for name, columns, _ in structure.blocks:
        inside = (jnp.arange(len(coefficient)) >= position) & (jnp.arange(len(coefficient)) < position + columns)
        part = fitted(arrays.design, jnp.where(inside, coefficient, 0.0))
        key = name if name in APART else BASELINE
        linear[key] = linear[key] + part if key in linear else part
        position += columns
    if structure.link == "log":
        return _multiplied(model, media, linear, sample)
    rows = [linear[name] * arrays.size for name in component_names(model)[len(structure.channels) :]]
    return jnp.concatenate([media, jnp.stack(rows)]).transpose(0, 2, 1)


def _multiplied(model: Model, media: Array, linear: dict[str, Array], sample: Sample) -> Array:
    """Components of a log link: each factor's own contrast, the exponentiated level as baseline, and the remainder."""
    structure, arrays, _ = model
    others = [name for name in component_names(model)[len(structure.channels) :] if name not in (BASELINE, INTERACTION)]
    level = jnp.exp(linear[BASELINE]) * arrays.size
    rows = [level, *[level * jnp.expm1(linear[name]) for name in others]]
    remainder = expected_kpi(model, arrays, sample) - media.sum(axis=0) - sum(rows)
    return jnp.concatenate([media, jnp.stack([*rows, remainder])]).transpose(0, 2, 1)


def window_weight(fit: xr.DataTree, as_value: bool) -> Array:
    """1 (or the value of a KPI unit) in the window's periods, 0 outside, `(time, geo)`."""
    panel = panel_of(fit)
    inside = np.broadcast_to(panel["in_window"].to_numpy()[:, None], (panel.sizes["time"], panel.sizes["geo"]))
    value = panel["value_per_kpi"].transpose("time", "geo").to_numpy() if as_value else 1.0
    return jnp.asarray(inside * value, dtype=float)


def _summary(values: np.ndarray) -> dict[str, np.ndarray]:
    low, high = np.quantile(values, INTERVAL, axis=0)
    return {"mean": values.mean(axis=0), "p05": low, "p95": high}
