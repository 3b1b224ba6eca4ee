"""At which scale does the sampler move between geos? Learned for each channel in the warm-up.

A channel differs between geos by `spread^(1 - centring) contrast`, where `contrast ~ Normal(0, spread^centring)`. Where
geos say much of a channel their differences are known, and `contrast` should be they (centring 1): anything else would
have to move with every change of the spread. Where they say little, `contrast` should be free of the spread (0), or a
small spread is a funnel that no step fits into. The posterior is the same; how well it is sampled is not.

With differences d, log size(d) grows with log spread by nothing in the first case and one to one in the second, so

    centring = 1 - slope of log size(d) on log spread

over the draws of the warm-up makes size(contrast) and spread uncorrelated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import Float

CENTRING: Final = 0.25
"""Before the warm-up has said more, and in what is kept of a fit."""
MOST: Final = 0.9
"""A spread near zero is a funnel at 1 whatever the warm-up saw."""

ByChannel = Float[np.ndarray, " channel"]


def learned_centring(
    spread: Float[np.ndarray, "chain draw channel"],
    contrast: Float[np.ndarray, "chain draw geo_less_one channel"],
    centring: ByChannel,
) -> ByChannel:
    """The centring that draws of `spread` and `contrast`, made at `centring`, ask for."""
    log_spread = np.log(spread).reshape(-1, spread.shape[-1])
    size = 0.5 * np.log((contrast**2).mean(axis=2)).reshape(log_spread.shape) + (1.0 - centring) * log_spread
    moved = log_spread - log_spread.mean(axis=0)
    slope = (moved * size).sum(axis=0) / np.maximum((moved**2).sum(axis=0), 1e-12)
    return np.clip(1.0 - slope, 0.0, MOST)


def recentred(values: Mapping[str, np.ndarray], before: ByChannel, after: ByChannel) -> dict[str, np.ndarray]:
    """Unconstrained `values`, whose `geo_spread` is a logarithm, with contrasts that mean the same at another
    centring."""
    scale = np.exp(np.asarray(values["geo_spread"])[..., None, :] * (after - before))
    return {**values, "geo_contrast": np.asarray(values["geo_contrast"]) * scale}


def gradient_recentred(
    values: Mapping[str, np.ndarray], gradient: Mapping[str, np.ndarray], before: ByChannel, after: ByChannel
) -> dict[str, np.ndarray]:
    """The `gradient` of a log density at unconstrained `values` in the coordinates of another centring, less what the
    change of volume adds, which is the same everywhere."""
    change = after - before
    scale = np.exp(np.asarray(values["geo_spread"])[..., None, :] * change)
    along = (np.asarray(gradient["geo_contrast"]) * values["geo_contrast"]).sum(axis=-2)
    return {
        **gradient,
        "geo_contrast": np.asarray(gradient["geo_contrast"]) / scale,
        "geo_spread": np.asarray(gradient["geo_spread"]) - change * along,
    }
