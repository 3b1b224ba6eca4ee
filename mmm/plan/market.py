"""How does a fit become a market that a calendar can be decided for? The one place where `mmm.plan.joint` meets the
model.

Kernels and curves are the model's own components under `samples` evenly spaced posterior draws; the state is warm with
the panel's last `max_lag` periods, and what is not decided is held at plan, after the horizon too; a unit of KPI is
worth what it is worth in the reference's periods. With a log link the level that media multiply is that of the window
without any paid media, on average over its periods.

A component of your own needs nothing here: its saturation has to be convex up to some point and concave after it, which
is what certificates rest on.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from mmm.insight.contrast import Sample, draws_of, over_draws
from mmm.media.adstock import carry_over, lagged, normalised_weights
from mmm.model.core import baseline, media_effect, own_units, response
from mmm.model.fit import Model, model_of, panel_of
from mmm.model.spec import Arrays, Group, Structure, exposure_scale
from mmm.plan.joint import Form, Market
from mmm.plan.reference import Reference


def market_of(fit: xr.DataTree, reference: Reference, samples: int, onwards: float = 1.0) -> tuple[Form, Market]:
    """The market over the reference's horizon, for the paid channels in their order in the panel.

    After the horizon every channel goes on at `onwards` times its mean reference period: carryover that lands there
    meets what is spent then. At 0 it would meet empty screens, and the last periods would look too good.
    """
    model, panel, draws = model_of(fit), panel_of(fit), draws_of(fit, samples)
    paid = np.flatnonzero(panel["paid"].values)
    groups = _paid_groups(model, paid)
    kernel = np.zeros((len(paid), model.structure.max_lag + 1, len(draws["coefficient"])))
    for group, members in groups:
        kernel[list(members)] = _kernels(group, paid[list(members)], model.structure.max_lag, draws)
    scale = exposure_scale(panel)[paid]
    exposure = panel["exposure"].transpose("channel", "time", "geo").to_numpy()[paid] / scale[:, None, :]
    bought, spent = exposure[:, reference.rows].sum(axis=1), reference.flighting.sum(axis=0)
    market = Market(
        kernel=jnp.asarray(kernel),
        warm=_warm(exposure, onwards * bought / len(reference.rows), jnp.asarray(kernel), len(reference.periods)),
        rate=jnp.asarray(np.divide(bought, spent[:, None], out=np.zeros_like(bought), where=spent[:, None] > 0)),
        coefficient=jnp.moveaxis(draws["coefficient"], (0, 1, 2), (1, 2, 0))[paid],
        units=jnp.moveaxis(jax.vmap(partial(own_units, model.arrays))(draws), 0, 1)[paid],
        worth=_worth(model, panel, draws, reference),
        parameters=tuple(_curve_parameters(group, paid[list(members)], draws) for group, members in groups),
    )
    curves = tuple((members, group.saturation.function) for group, members in groups)
    return Form(curves, multiplies=model.structure.link == "log"), market


def _paid_groups(model: Model, paid: np.ndarray) -> list[tuple[Group, tuple[int, ...]]]:
    """Each group with the places of its paid channels among the paid ones."""
    place = {int(channel): i for i, channel in enumerate(paid)}
    found = [
        (group, tuple(place[channel] for channel in group.channels if channel in place))
        for group in model.structure.groups
    ]
    return [(group, members) for group, members in found if members]


def _kernels(group: Group, channels: np.ndarray, max_lag: int, draws: Sample) -> Float[np.ndarray, "member lag sample"]:
    own = {name: draws[f"adstock_{name}"][:, channels] for name in group.adstock.parameters}

    def one(parameters: dict[str, Array]) -> Array:
        return normalised_weights(group.adstock, max_lag, parameters)

    if not own:
        same = one({})[:, None]
        return np.broadcast_to(same, (len(channels), max_lag + 1, len(draws["coefficient"])))
    return np.asarray(jax.vmap(jax.vmap(one))(own)).transpose(1, 2, 0)


def _curve_parameters(group: Group, channels: np.ndarray, draws: Sample) -> dict[str, Array]:
    """The saturation's parameters, `(member, sample)`."""
    return {name: draws[f"saturation_{name}"][:, channels].T for name in group.saturation.parameters}


def _warm(
    exposure: Float[np.ndarray, "channel time geo"],
    after: Float[np.ndarray, "channel geo"],
    kernel: Float[Array, "channel lag sample"],
    periods: int,
) -> Float[Array, "channel sample horizon geo"]:
    """What works without any spend in the horizon: what was bought before it, and `after` it."""
    max_lag = kernel.shape[1] - 1
    past = np.zeros((len(exposure), max_lag, exposure.shape[2]))
    rows = min(max_lag, exposure.shape[1])
    past[:, max_lag - rows :] = exposure[:, exposure.shape[1] - rows :]
    dark, later = np.zeros((len(past), periods, past.shape[2])), np.repeat(after[:, None], max_lag, axis=1)
    ahead = np.concatenate([past, dark, later], axis=1)

    def one(lagged_exposure: Array, weights: Array) -> Array:
        return jax.vmap(carry_over, in_axes=(None, 1))(lagged_exposure, weights)

    return jax.vmap(one)(jax.vmap(lambda channel: lagged(channel, max_lag))(jnp.asarray(ahead)), kernel)


def _worth(model: Model, panel: xr.Dataset, draws: Sample, reference: Reference) -> Float[Array, "sample time geo"]:
    """Money per unit of the linear effect: value of a KPI unit times the geo's size, and the level it multiplies."""
    value = panel["value_per_kpi"].transpose("time", "geo").to_numpy()[reference.rows]
    value = np.concatenate([value, np.repeat(value[-1:], model.structure.max_lag, axis=0)])
    level = jnp.ones_like(draws["coefficient"][..., 0])
    if model.structure.link == "log":
        level = _level(model, panel, draws)
    return jnp.asarray(value) * model.arrays.size * level[:, None, :]


def _level(model: Model, panel: xr.Dataset, draws: Sample) -> Float[Array, "sample geo"]:
    """With a log link: expected KPI relative to the geo's size without paid media, on average over the window."""
    organic = jnp.asarray(~panel["paid"].to_numpy().astype(bool), dtype=float)
    inside = jnp.asarray(panel["in_window"].to_numpy().astype(float))[:, None]
    return jnp.asarray(over_draws(_level_of, model.structure, draws, model.arrays, organic, inside))


def _level_of(structure: Structure, sample: Sample, arrays: Arrays, organic: Array, inside: Array) -> Array:
    linear = baseline(arrays, sample["baseline_coefficient"])
    linear += media_effect(sample["coefficient"] * organic, response(structure, arrays, sample))
    return (inside * jnp.exp(linear)).sum(axis=0) / inside.sum()
