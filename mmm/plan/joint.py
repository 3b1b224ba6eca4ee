"""What does a calendar of spend earn, draw by draw, and what could any calendar earn at most?

With spend `x[c,t]` in the periods of a horizon and what was spent before it still working,

    carried[c,s,t,g] = warm[c,s,t,g] + rate[c,g] sum_l w[c,l,s] x[c,t-l]
    linear[s,t,g]    = sum_c coefficient[c,s,g] f_c(carried[c,s,t,g] / units[c,s,g])
    earned[s]        = sum_{t,g} worth[t,s,g] linear[s,t,g]          (log link: worth expm1(linear)),

less what it is without any spend in the horizon. `t` runs `max_lag` periods past the horizon, so carryover counts.
The formulas of `w` and `f` are the model's own components.

**The majorant.** Spend between limits keeps `carried` between `a0` and `a1`, cell by cell. A curve that is convex and
then concave (every saturation here, S-shaped or not) lies below its tangent at any point `p` of its concave part whose
tangent is at least `f(a0)` at `a0`: in the concave part every tangent lies above; in the convex part the curve lies
below the chord of that part's ends, and at both ends the tangent is above the curve. So

    F(a) = tangent at p for a < p, f(a) from p on          is concave, and F >= f on [a0, a1];

where no such `p` lies before `a1`, the chord from `a0` to `a1` serves. `carried` is linear in `x`, coefficients and
worths are not negative, hence the earnings with `F` in place of `f` are concave in `x` and never below the true ones,
in every draw.

**With a log link** channels share `exp` between them. For any `theta_c > 0` that add up to 1,

    exp(sum_c b_c f_c(a_c))  =  prod_c g_c(a_c)^theta_c,      g_c = exp(b_c f_c / theta_c),

and a weighted geometric mean of concave functions is concave. So `G_c`, made from `g_c` as `F` is from `f`, in place of
`g_c` is a majorant, and it is exact where the `g_c` are concave, as with Hill curves of slope 1 wherever the effects of
all channels together stay below `e^2`. `theta_c` is in proportion to `b_c`, which bends every channel alike. It needs
`g` to be convex up to some point and concave after it: `f` has that, and `g` where the derivative of `1 / f'`
increases. Draws in which it does not (a power curve of large effects) get the chord of `exp` between the smallest and
the largest `linear`, over `F`.

**The certificate.** For weights `q >= 0` over draws and any allowed `x0`, with `E` the majorant of `sum_s q_s
earned_s`,

    most any calendar can earn  <=  E(x0) + max over allowed x of  grad E(x0) (x - x0),

for a concave function lies below its tangent plane; the maximum is a linear program (`polytope.farthest`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from mmm.media.adstock import lagged

Calendar = Float[Array, "channel period"]
Cells = Float[Array, "channel sample time geo"]
Sharpness = Float[Array, "sample geo"]

HALVINGS: Final = 14
"""Steps of the bisection for the tangent's point; it errs to the right, where the majorant is still one."""

BENDS: Final = 65
"""Points at which a curve is looked at to see whether it bends once only."""


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


class Majorant(NamedTuple):
    """By cell, the line that stands in for a curve before `point`: for `f`, or for `g` where `sharpness` is above 0.

    `height` is the line's at exposure 0; a chord stands in for the whole curve (`point` is infinite).
    `sharpness` is `b / theta`; `start` and `rise` are the chord in place of exp where a log link has none.
    """

    point: Cells
    height: Cells
    slope: Cells
    sharpness: Sharpness
    start: Float[Array, "sample time geo"]
    rise: Float[Array, "sample time geo"]


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
def earned(form: Form, market: Market, spend: Calendar, majorant: Majorant | None = None) -> Float[Array, " sample"]:
    """Money earned by the calendar in every draw; with a majorant, at least that."""
    nothing = _total(form, market, _linear(market, saturated(form, market, market.warm)))
    return _earning(form, market, spend, majorant) - nothing


def _earning(form: Form, market: Market, spend: Calendar, majorant: Majorant | None) -> Float[Array, " sample"]:
    exposure = carried(market, spend)
    response = saturated(form, market, exposure)
    if majorant is None:
        return _total(form, market, _linear(market, response))
    line = majorant.height + majorant.slope * exposure
    if not form.multiplies:
        return _total(form, market, _linear(market, jnp.where(exposure < majorant.point, line, response)))
    bent = jnp.where(exposure < majorant.point, line, _bent(response, majorant.sharpness))
    linear = _linear(market, _straight(bent, majorant.sharpness))
    above = jnp.where(majorant.sharpness[:, None] > 0, jnp.expm1(linear), majorant.start + majorant.rise * linear)
    return (market.worth * above).sum(axis=(1, 2))


def _linear(market: Market, response: Cells) -> Float[Array, "sample time geo"]:
    return jnp.einsum("csg,cstg->stg", market.coefficient, response)


def _total(form: Form, market: Market, linear: Float[Array, "sample time geo"]) -> Float[Array, " sample"]:
    return (market.worth * (jnp.expm1(linear) if form.multiplies else linear)).sum(axis=(1, 2))


@partial(jax.jit, static_argnames="form")
def majorant_of(
    form: Form, market: Market, lower: Calendar, upper: Calendar, most: Float[Array, " channel"]
) -> Majorant:
    """The majorant for spend between `lower` and `upper` in each period and at most `most` in a channel altogether."""
    first, last = carried(market, lower), carried(market, upper)
    spare = (most - lower.sum(axis=1))[:, None, None] * market.kernel.max(axis=1)[:, :, None]
    last = jnp.maximum(jnp.minimum(last, first + market.rate[:, None, None, :] * spare[..., None]), first)
    sharpness = _sharpness(form, market, first, last)
    point, height, slope = _tangent(lambda at: _bent(saturated(form, market, at), sharpness), first, last)
    small, large = (_linear(market, saturated(form, market, end)) for end in (first, last))
    wide = large > small
    width = jnp.where(wide, large - small, 1.0)
    rise = jnp.where(wide, (jnp.expm1(large) - jnp.expm1(small)) / width, jnp.exp(small))
    return Majorant(point, height, slope, sharpness, jnp.expm1(small) - rise * small, rise)


def _sharpness(form: Form, market: Market, first: Cells, last: Cells) -> Sharpness:
    """`b / theta` of every draw, the sum of its coefficients; 0 where some `g` would bend more than once."""
    if not form.multiplies:
        return jnp.zeros(market.coefficient.shape[1:])
    sharpness = market.coefficient.sum(axis=0)
    low, high = first.min(axis=2, keepdims=True), last.max(axis=2, keepdims=True)
    grid = low + (high - low) * jnp.linspace(0.0, 1.0, BENDS)[:, None]
    values = _bent(saturated(form, market, grid), sharpness)
    bend = jnp.diff(values, 2, axis=2)
    room = 1e-12 * jnp.abs(values).max(axis=2, keepdims=True)
    concave = jax.lax.cummax((bend < -room).astype(int), axis=2) > 0
    return jnp.where(((bend > room) & concave).any(axis=(0, 2)), 0.0, sharpness)


def _bent(response: Cells, sharpness: Sharpness) -> Cells:
    """`g` of a response, moved and scaled so that it is the response itself at sharpness 0: `expm1(q f) / q`."""
    sharp = sharpness[:, None] > 0
    unit = jnp.where(sharp, sharpness[:, None], 1.0)
    return jnp.where(sharp, jnp.expm1(unit * response) / unit, response)


def _straight(bent: Cells, sharpness: Sharpness) -> Cells:
    """The response whose `g` this is."""
    sharp = sharpness[:, None] > 0
    unit = jnp.where(sharp, sharpness[:, None], 1.0)
    return jnp.where(sharp, jnp.log1p(unit * bent) / unit, bent)


def _tangent(curve: Callable[[Cells], Cells], first: Cells, last: Cells) -> tuple[Cells, Cells, Cells]:
    """Point, height at 0 and slope of the line: the leftmost tangent found above the curve at `first`, or the chord."""

    def both(at: Cells) -> tuple[Cells, Cells]:
        return jax.jvp(curve, (at,), (jnp.ones_like(at),))

    start = curve(first)

    def holds(at: Cells) -> Bool[Array, "channel sample time geo"]:
        height, slope = both(at)
        return height - slope * (at - first) >= start

    def halve(_: object, ends: tuple[Cells, Cells]) -> tuple[Cells, Cells]:
        below, above = ends
        middle = (below + above) / 2
        enough = holds(middle)
        return jnp.where(enough, below, middle), jnp.where(enough, middle, above)

    point = jax.lax.fori_loop(0, HALVINGS, halve, (first, last))[1]
    height, slope = both(point)
    chord = ~holds(last)
    slope = jnp.where(chord, (curve(last) - start) / jnp.where(last > first, last - first, 1.0), slope)
    height = jnp.where(chord, start - slope * first, height - slope * point)
    return jnp.where(chord, jnp.inf, point), height, slope  # at its right end too, a chord has the chord's slope
