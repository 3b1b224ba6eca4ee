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

from mmm.insight.contrast import Sample, draws_of, expected_kpi, labelled, over_draws
from mmm.insight.contribution import contribution, window_weight
from mmm.media.adstock import half_life as weights_half_life
from mmm.media.adstock import normalised_weights
from mmm.model.core import marginal_response
from mmm.model.fit import model_of, panel_of


def roi(fit: xr.DataTree, *, by_geo: bool = False) -> xr.DataArray:
    """Value of contribution over spend inside the window, `chain draw [geo] channel`, paid channels; NaN without
    spend."""
    return _per_spend(fit, contribution(fit, as_value=True), by_geo)


def mroi(fit: xr.DataTree, *, by_geo: bool = False) -> xr.DataArray:
    """Return on the next unit of money, spread over the window as spend was, `chain draw [geo] channel`, paid
    channels."""
    model = model_of(fit)
    structure, arrays, _ = model
    weight = window_weight(fit, as_value=True)

    def slope(sample: Sample) -> Array:
        effect = sample["coefficient"].T[:, None, :] * marginal_response(structure, arrays, sample) * arrays.size
        if structure.link == "log":
            effect = effect * expected_kpi(model, arrays, sample) / arrays.size
        return jnp.einsum("ctg,tg->gc", effect, weight)

    panel = panel_of(fit)
    coords = {"geo": panel["geo"].values, "channel": panel["channel"].values}
    return _per_spend(fit, labelled(fit, over_draws(slope, draws_of(fit)), coords, None, "money"), by_geo)


def half_life(fit: xr.DataTree) -> xr.DataArray:
    """Periods until half of an exposure's effect has arrived, `chain draw channel`."""
    structure = model_of(fit).structure

    def lives(sample: Sample) -> Array:
        values = jnp.zeros(len(structure.channels))
        for group in structure.groups:
            members = jnp.asarray(group.channels)
            own = {name: sample[f"adstock_{name}"][members] for name in group.adstock.parameters}
            weights = jax.vmap(
                lambda p, g=group: normalised_weights(g.adstock, structure.max_lag, p), axis_size=len(group.channels)
            )(own)
            values = values.at[members].set(weights_half_life(weights))
        return values

    values = over_draws(lives, draws_of(fit))
    return labelled(fit, values, {"channel": np.asarray(structure.channels)}, None, "periods")


def _per_spend(fit: xr.DataTree, value: xr.DataArray, by_geo: bool) -> xr.DataArray:
    panel = panel_of(fit)
    spend = panel["spend"].where(panel["in_window"], 0.0).sum("time")
    if not by_geo:
        value, spend = value.sum("geo"), spend.sum("geo")
    paid = panel["channel"].values[panel["paid"].values.astype(bool)]
    ratio = value.sel(channel=paid) / spend.sel(channel=paid).where(lambda s: s > 0)
    return ratio.assign_attrs(units="money per money")
