"""What does a calendar of spend earn, draw by draw?

With spend `x[c,t]` in the periods of a horizon and what was spent before it still working,

    carried[c,s,t,g] = warm[c,s,t,g] + rate[c,g] sum_l w[c,l,s] x[c,t-l]
    linear[s,t,g]    = sum_c coefficient[c,s,g] f_c(carried[c,s,t,g] / units[c,s,g])
    earned[s]        = sum_{t,g} worth[t,s,g] linear[s,t,g]          (log link: worth expm1(linear)),

less what it is without any spend in the horizon. `t` runs `max_lag` periods past the horizon, so carryover counts.
The formulas of `w` and `f` are the model's own components.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from mmm.media.adstock import lagged

Calendar = Float[Array, "channel period"]
Cells = Float[Array, "channel sample time geo"]


@dataclass(frozen=True)
class Form:
    """What is compiled in: which channels share a saturation, and whether effects add up or multiply."""

    curves: tuple[tuple[tuple[int, ...], Callable[..., Array]], ...]
    multiplies: bool = False


class Market(NamedTuple):
    """What is passed in, as above; `parameters` has those of each curve, `(member, sample)`."""

    kernel: Float[Array, "channel lag sample"]
    warm: Cells
    rate: Float[Array, "channel geo"]
    coefficient: Float[Array, "channel sample geo"]
    units: Float[Array, "channel sample geo"]
    worth: Float[Array, "sample time geo"]
    parameters: tuple[dict[str, Array], ...]


def thinned(market: Market, samples: int) -> Market:
    """The market with at most `samples` evenly spaced draws."""
    total = market.kernel.shape[2]
    if samples >= total:
        return market
    chosen = np.linspace(0, total - 1, samples).round().astype(int)
    return Market(
        kernel=market.kernel[:, :, chosen],
        warm=market.warm[:, chosen],
        rate=market.rate,
        coefficient=market.coefficient[:, chosen],
        units=market.units[:, chosen],
        worth=market.worth[chosen],
        parameters=tuple({name: p[:, chosen] for name, p in own.items()} for own in market.parameters),
    )


def carried(market: Market, spend: Calendar) -> Cells:
    """Adstocked exposure of every cell, in the model's units, over the horizon and the carryover after it."""
    max_lag = market.kernel.shape[1] - 1
    padded = jnp.pad(spend.T, ((max_lag, max_lag), (0, 0)))
    flowing = jnp.einsum("ltc,cls->cst", lagged(padded, max_lag), market.kernel)
    return market.warm + market.rate[:, None, None, :] * flowing[..., None]


def saturated(form: Form, market: Market, exposure: Cells) -> Cells:
    """Every channel's own curve at its exposure."""
    own_units = exposure / market.units[:, :, None, :]
    parts = [
        _by_draw(curve)(own_units[jnp.asarray(members)], own)
        for (members, curve), own in zip(form.curves, market.parameters, strict=True)
    ]
    order = np.concatenate([members for members, _ in form.curves])
    return jnp.concatenate(parts)[np.argsort(order)]


def _by_draw(curve: Callable[..., Array]) -> Callable[[Cells, dict[str, Array]], Cells]:
    """A curve with scalar parameters, for every member and draw at once."""

    def one(exposure: Array, own: dict[str, Array]) -> Array:
        return curve(exposure, **own)

    return jax.vmap(jax.vmap(one))


@partial(jax.jit, static_argnames="form")
def earned(form: Form, market: Market, spend: Calendar) -> Float[Array, " sample"]:
    """Money earned by the calendar in every draw."""
    response = saturated(form, market, carried(market, spend))
    return total_of(form, market, linear_of(market, response)) - nothing_earned(form, market)


def nothing_earned(form: Form, market: Market) -> Float[Array, " sample"]:
    """What is earned in the horizon by what was bought outside it."""
    return total_of(form, market, linear_of(market, saturated(form, market, market.warm)))


def linear_of(market: Market, response: Cells) -> Float[Array, "sample time geo"]:
    """All channels' responses together."""
    return jnp.einsum("csg,cstg->stg", market.coefficient, response)


def total_of(form: Form, market: Market, linear: Float[Array, "sample time geo"]) -> Float[Array, " sample"]:
    """Money of the channels' responses together."""
    return (market.worth * (jnp.expm1(linear) if form.multiplies else linear)).sum(axis=(1, 2))
