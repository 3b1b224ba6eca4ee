"""What does a unit of money bring? ROI on all of it, mROI on the next one, and how long it takes.

    ROI[c]  = value of contribution[c] / spend[c]                          over the window
    mROI[c] = d value of contribution[c] / d log spend[c] / spend[c]       all periods scaled alike

The ROI of mean draws is not the mean ROI: ratios are taken draw by draw.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array

from mmm.insight.contrast import Sample, draws_of, labelled, over_draws
from mmm.insight.contribution import by_channel, contribution, effects
from mmm.media.adstock import half_life as weights_half_life
from mmm.media.adstock import normalised_weights
from mmm.model.core import components_of
from mmm.model.fit import model_of, panel_of
from mmm.model.spec import Structure


def roi(fit: xr.DataTree, *, by_geo: bool = False) -> xr.DataArray:
    """Value of contribution over spend inside the window, `chain draw [geo] channel`, paid channels; NaN without
    spend."""
    return _per_spend(fit, contribution(fit, as_value=True), by_geo)


def mroi(fit: xr.DataTree, *, by_geo: bool = False) -> xr.DataArray:
    """Return on the next unit of money, spread over the window as spend was, `chain draw [geo] channel`, paid
    channels."""
    return _per_spend(fit, by_channel(fit, effects(fit).slope, "money"), by_geo)


def half_life(fit: xr.DataTree) -> xr.DataArray:
    """Periods until half of an exposure's effect has arrived, `chain draw channel`."""
    structure = model_of(fit).structure
    values = over_draws(_half_lives, structure, draws_of(fit))
    return labelled(fit, values, {"channel": np.asarray(structure.channels)}, None, "periods")


def _half_lives(structure: Structure, sample: Sample) -> Array:
    values = jnp.zeros(len(structure.channels))
    for group in structure.groups:
        members = jnp.asarray(group.channels)
        own, _ = components_of(group, sample, members)
        weights = jax.vmap(
            lambda p, g=group: normalised_weights(g.adstock, structure.max_lag, p), axis_size=len(group.channels)
        )(own)
        values = values.at[members].set(weights_half_life(weights))
    return values


def _per_spend(fit: xr.DataTree, value: xr.DataArray, by_geo: bool) -> xr.DataArray:
    panel = panel_of(fit)
    spend = panel["spend"].where(panel["in_window"], 0.0).sum("time")
    if not by_geo:
        value, spend = value.sum("geo"), spend.sum("geo")
    paid = panel["channel"].values[panel["paid"].values.astype(bool)]
    ratio = value.sel(channel=paid) / spend.sel(channel=paid).where(lambda s: s > 0)
    return ratio.assign_attrs(units="money per money")
