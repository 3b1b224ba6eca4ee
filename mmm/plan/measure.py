"""What is a plan worth whose outcome is not sure? One number from joint draws that a search can climb.

    mean               what is expected
    mean - caution sd  less what is not known about it
    tail mean (CVaR)   the mean of the worst share `tail` of the draws

Each is the smallest weighted mean of the draws over a family of weights, which gives every one of them a certificate:
the weights of the best plan found (`weights`) bound its measure, and that of every other plan, from above.

A quantile is left out on purpose: no such family exists for it, it can be better for a plan whose worst draws are
worse, and the tail mean below it answers the same question. Another measure is one more branch in `measured` and
`weights`. Source: Rockafellar, Uryasev and Zabarankin (2006), "Generalized deviations in risk analysis".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from mmm.errors import InputError

TINY: Final = float(np.finfo(float).tiny)


@dataclass(frozen=True)
class Measure:
    """What a plan's draws of gain are worth: their mean, less `caution` standard deviations, or over the worst `tail`.

    A tail of 1 is all draws. Both together are not offered: two ways to say the same thing twice.
    """

    caution: float = 0.0
    tail: float = 1.0

    def __post_init__(self) -> None:
        if self.caution < 0 or not 0 < self.tail <= 1:
            raise InputError([f"caution {self.caution:g} and tail {self.tail:g}: need caution >= 0 and 0 < tail <= 1"])
        if self.caution and self.tail < 1:
            raise InputError(["caution and tail are two measures of one risk: give one of them"])


def measured(measure: Measure, draws: Float[Array, " sample"]) -> Float[Array, ""]:
    """The measure of the draws, differentiable."""
    if measure.tail < 1:
        return jnp.sort(draws)[: max(1, round(measure.tail * len(draws)))].mean()
    if not measure.caution:
        return draws.mean()
    apart = draws - draws.mean()
    return draws.mean() - measure.caution * jnp.sqrt((apart**2).mean() + 1e-24 * (draws**2).mean() + TINY)


def weights(measure: Measure, draws: Float[np.ndarray, " sample"]) -> Float[np.ndarray, " sample"]:
    """Weights of mean 1, none negative, whose weighted mean of *any* draws is at least their measure.

    For these draws the two are equal, unless a draw is so good that caution would give it a negative weight. The tail
    mean is the smallest weighted mean under weights up to `1 / tail`. The standard deviation is the largest covariance
    with any `z` of mean 0 and square mean 1 at most, so `mean - caution sd <= mean of (1 - caution z) draws`.
    """
    if measure.tail < 1:
        worst = max(1, round(measure.tail * len(draws)))
        chosen = np.argsort(draws, kind="stable")[:worst]
        return np.bincount(chosen, minlength=len(draws)) * (len(draws) / worst)
    spread = draws.std()
    if not measure.caution or spread <= 1e-12 * np.abs(draws).max(initial=0.0):
        return np.ones(len(draws))
    z = np.minimum((draws - draws.mean()) / spread, 1 / measure.caution)
    z -= z.mean()
    return 1 - measure.caution * z / max(1.0, z.std(), measure.caution * z.max())
