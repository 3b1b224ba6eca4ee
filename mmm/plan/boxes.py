"""How much of what a bound leaves open is really there? Cut what a channel may spend into boxes, and see.

The majorant of `mmm.plan.majorant` is loose where spend can take a curve across its convex part. Its plane in the bent
responses parts the channels,

    most any calendar can earn  <=  constant + sum_c S_c(x_c),      S_c(x_c) = sum over cells of weight * response,

so each channel is looked at by itself: its periods are cut into boxes. In a small box few cells can cross the convex
part, and the majorant of `S_c` made for that box is much lower; what is kept of it are planes. `mmm.plan.mixture` says
what they allow together. Of every channel the box with the largest share is cut next, in the period whose spend sets
most of it loose, until the bound is near enough or cutting no longer pays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from mmm.plan.joint import Form, Market
from mmm.plan.majorant import Lines, Shares, bent_by, lines_of
from mmm.plan.mixture import Box, Calendar, Mixture, best_mixture
from mmm.plan.polytope import Polytope

ROUNDS: Final = 10
"""Cuts of every channel, at most."""

PATIENCE: Final = 3
PAYS: Final = 0.03
"""Cutting ends when so many rounds have closed a smaller share of what was open than this."""

INSIDE: Final = 0.3
"""A cut leaves at least this share of the box on either side."""

PerChannel = Float[Array, " channel"]


def tightened(
    form: Form,
    market: Market,
    shares: Shares,
    limits: Polytope,
    most: PerChannel,
    starts: Sequence[Calendar],
    enough: float,
) -> float:
    """The most that an allowed calendar's shares can add up to, as far as boxes show; cutting stops at `enough`.

    `most` is the largest total of each channel; near the calendars `starts` planes are laid first.
    """
    made = partial(_made, form, market, shares, most)
    lower, upper = (end.reshape(starts[0].shape) for end in (limits.lower, limits.upper))
    boxes = [_joined(*same) for same in zip(*[made(lower, upper, start) for start in starts], strict=True)]
    found = best_mixture(limits, boxes)
    bounds = [found.value]
    while len(bounds) <= ROUNDS and bounds[-1] > enough:
        chosen, place = _largest(boxes, found)
        parents = [boxes[k] for k in chosen]
        halves = [made(*ends, np.clip(place, *ends)) for ends in _cut(parents, place)]
        boxes = [box for k, box in enumerate(boxes) if k not in chosen]
        boxes += [_joined(box, parents[box.channel]) for half in halves for box in half]
        found = best_mixture(limits, boxes)
        bounds.append(min(bounds[-1], found.value))
        before = bounds[-1 - PATIENCE] if len(bounds) > PATIENCE else np.inf
        if before - bounds[-1] < PAYS * (before - enough):
            break
    return bounds[-1]


def _largest(boxes: Sequence[Box], found: Mixture) -> tuple[list[int], Calendar]:
    """For every channel its box with the largest share, and what is spent there."""
    channels = range(1 + max(box.channel for box in boxes))
    own = [[k for k, box in enumerate(boxes) if box.channel == c] for c in channels]
    chosen = [max(members, key=lambda k: found.mix[k]) for members in own]
    return chosen, found.spend[chosen] / found.mix[chosen, None]


def _cut(parents: Sequence[Box], place: Calendar) -> list[tuple[Calendar, Calendar]]:
    """The ends of the two halves of every box."""
    lower, upper = (np.stack([getattr(box, end) for box in parents]) for end in ("lower", "upper"))
    width = upper - lower
    at = np.arange(len(parents)), np.array([int(np.argmax(box.loose * (box.upper - box.lower))) for box in parents])
    middle = np.clip(place[at], lower[at] + INSIDE * width[at], upper[at] - INSIDE * width[at])
    below, above = upper.copy(), lower.copy()
    below[at] = above[at] = middle
    return [(lower, below), (above, upper)]


def _joined(box: Box, *around: Box) -> Box:
    """The box with the planes of boxes around it as well, which hold inside it too."""
    every = (box, *around)
    heights = tuple(height for one in every for height in one.heights)
    slopes = tuple(slope for one in every for slope in one.slopes)
    return Box(box.channel, box.lower, box.upper, heights, slopes, box.loose)


def _made(
    form: Form, market: Market, shares: Shares, most: PerChannel, lower: Calendar, upper: Calendar, place: Calendar
) -> list[Box]:
    """A box for every channel, each with its plane at `place`."""
    ends = (jnp.asarray(end) for end in (lower, upper))
    height, slope, loose = map(np.asarray, _plane(form, market, shares, most, *ends, jnp.asarray(place)))
    at_nothing = height - (slope * place).sum(axis=1)
    return [Box(c, lower[c], upper[c], (float(at_nothing[c]),), (slope[c],), loose[c]) for c in range(len(at_nothing))]


@partial(jax.jit, static_argnames="form")
def _plane(
    form: Form, market: Market, shares: Shares, most: PerChannel, lower: Array, upper: Array, place: Array
) -> tuple[PerChannel, Float[Array, "channel period"], Float[Array, "channel period"]]:
    """Height and slope of the boxes' majorant at `place`, and by how much each period's spend sets it loose.

    What is loose in a cell is put down to the periods that carry over into it, by the mean kernel.
    """
    lines = lines_of(form, market, shares.sharpness, lower, upper, most)

    def by_time(spend: Array, lines: Lines | None) -> Float[Array, "channel time"]:
        return (shares.weight * bent_by(form, market, shares.sharpness, spend, lines)).sum(axis=(1, 3))

    def height(spend: Array) -> tuple[Float[Array, ""], Float[Array, "channel time"]]:
        above = by_time(spend, lines)
        return above.sum(), above

    slope, above = jax.grad(height, has_aux=True)(place)
    landing = jax.vmap(partial(jnp.correlate, mode="valid"))
    return above.sum(axis=1), slope, landing(above - by_time(place, None), market.kernel.mean(axis=2))
