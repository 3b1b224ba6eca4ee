"""What could any calendar of spend earn at most, draw by draw?

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

With a log link `exp` is shared, but the earnings are concave in the *bent responses* `g_c`, so a plane there parts the
channels (`shares_of`): what is left is a sum over channels, which `mmm.plan.boxes` bounds more tightly, box by box.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mmm.plan.joint import Calendar, Cells, Form, Market, carried, linear_of, nothing_earned, saturated

Sharpness = Float[Array, "sample geo"]

HALVINGS: Final = 8
"""Steps of the bisection for the tangent's point; it errs to the right, where the majorant is still one."""

BENDS: Final = 65
"""Points at which a curve is looked at to see whether it bends once only."""


class Lines(NamedTuple):
    """By cell, the line that stands in for a curve before `point`: for `f`, or for `g` where it is sharp.

    `height` is the line's at exposure 0; a chord stands in for the whole curve (`point` is infinite).
    """

    point: Cells
    height: Cells
    slope: Cells


class Majorant(NamedTuple):
    """The lines, the `sharpness` `b / theta` of every draw, and the chord in place of exp where that is 0."""

    lines: Lines
    sharpness: Sharpness
    start: Float[Array, "sample time geo"]
    rise: Float[Array, "sample time geo"]


class Shares(NamedTuple):
    """What every cell's bent response adds to a bound, and the bound without any: see `shares_of`."""

    weight: Cells
    sharpness: Sharpness
    constant: Float[Array, ""]


@partial(jax.jit, static_argnames="form")
def majorant_of(
    form: Form, market: Market, lower: Calendar, upper: Calendar, most: Float[Array, " channel"]
) -> Majorant:
    """The majorant for spend between `lower` and `upper` in each period and at most `most` in a channel altogether."""
    sharpness = _sharpness(form, market, carried(market, lower), carried(market, upper))
    first, last = _ends(market, lower, upper, most)
    small, large = (linear_of(market, saturated(form, market, end)) for end in (first, last))
    wide = large > small
    width = jnp.where(wide, large - small, 1.0)
    rise = jnp.where(wide, (jnp.expm1(large) - jnp.expm1(small)) / width, jnp.exp(small))
    lines = lines_of(form, market, sharpness, lower, upper, most)
    return Majorant(lines, sharpness, jnp.expm1(small) - rise * small, rise)


def lines_of(
    form: Form,
    market: Market,
    sharpness: Sharpness,
    lower: Calendar,
    upper: Calendar,
    most: Float[Array, " channel"],
) -> Lines:
    """The lines for spend between these ends, for draws of this sharpness."""
    first, last = _ends(market, lower, upper, most)
    return _tangent(lambda at: _bent(saturated(form, market, at), sharpness), first, last)


def _ends(market: Market, lower: Calendar, upper: Calendar, most: Float[Array, " channel"]) -> tuple[Cells, Cells]:
    """The least and the most that can be at work in every cell."""
    first, last = carried(market, lower), carried(market, upper)
    spare = (most - lower.sum(axis=1))[:, None, None] * market.kernel.max(axis=1)[:, :, None]
    return first, jnp.maximum(jnp.minimum(last, first + market.rate[:, None, None, :] * spare[..., None]), first)


@partial(jax.jit, static_argnames="form")
def at_most(form: Form, market: Market, spend: Calendar, majorant: Majorant) -> Float[Array, " sample"]:
    """Money in every draw that the calendar does not exceed; concave in `spend`."""
    bent = bent_by(form, market, majorant.sharpness, spend, majorant.lines)
    return _total(form, market, majorant, bent) - nothing_earned(form, market)


def bent_by(form: Form, market: Market, sharpness: Sharpness, spend: Calendar, lines: Lines | None) -> Cells:
    """The bent response of every cell, or what the lines put in its place."""
    exposure = carried(market, spend)
    bent = _bent(saturated(form, market, exposure), sharpness)
    if lines is None:
        return bent
    return jnp.where(exposure < lines.point, lines.height + lines.slope * exposure, bent)


def _total(form: Form, market: Market, majorant: Majorant, bent: Cells) -> Float[Array, " sample"]:
    """Money of all channels' bent responses; concave in them."""
    if not form.multiplies:
        return (market.worth * linear_of(market, bent)).sum(axis=(1, 2))
    linear = linear_of(market, _straight(bent, majorant.sharpness))
    above = jnp.where(majorant.sharpness[:, None] > 0, jnp.expm1(linear), majorant.start + majorant.rise * linear)
    return (market.worth * above).sum(axis=(1, 2))


@partial(jax.jit, static_argnames="form")
def shares_of(
    form: Form, market: Market, majorant: Majorant, spend: Calendar, weight: Float[Array, " sample"]
) -> Shares:
    """The plane in the bent responses, at those of the majorant at `spend`, above the weighted mean of the draws:

    weighted mean earned by any calendar  <=  constant + sum over cells of `weight` times the bent response.
    """
    bent = bent_by(form, market, majorant.sharpness, spend, majorant.lines)

    def mean(at: Cells) -> Float[Array, ""]:
        return (weight * _total(form, market, majorant, at)).mean()

    height, slope = jax.value_and_grad(mean)(bent)
    nothing = (weight * nothing_earned(form, market)).mean()
    return Shares(slope, majorant.sharpness, height - (slope * bent).sum() - nothing)


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


def _tangent(curve: Callable[[Cells], Cells], first: Cells, last: Cells) -> Lines:
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
    return Lines(jnp.where(chord, jnp.inf, point), height, slope)  # at its right end too, a chord has the chord's slope
