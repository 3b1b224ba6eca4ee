"""Does a channel work as well this year as it did last year? Effectiveness that drifts, for channels that ask for it.

    effectiveness[c,t] = exp( sum_w weight[c,w] wave_w(t) )        1 on (geometric) average over the window
    weight[c,w] ~ Normal(0, amplitude[c] sqrt(S(frequency_w)))     a Gaussian process on the log of the coefficient

It multiplies the channel's response in the period in which the effect lands, so contribution, ROI, contrasts and curves
over the window follow from it with no code of their own, and a channel's share of KPI still means its average over the
window. The amplitude is learned and shrinks to nothing where the data are silent. After the data a channel stays as
effective as it was last: `mmm.insight.curves` holds the last value over a horizon.

The weights enter the mean through an exponential, so they are sampled, not integrated out.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array, Float

from mmm.model.block import Draw, Shape, Smooth, centre_of_scales, column_scales, sample_scales, waves

AMPLITUDE = 0.3
"""Half-normal scale of the standard deviation of log effectiveness: at the median a good year is 22 % above average."""
LENGTHSCALE = (0.0, 0.4)
"""Log-normal prior of its lengthscale in years, log median and log sd: half a year to two years."""
WAVES_PER_YEAR = 4
"""What a lengthscale of half a year needs, over a domain of `MARGIN` times the data's."""
MARGIN = 1.5


def drifts(
    in_window: np.ndarray, varying: tuple[int, ...], periods_per_year: float
) -> tuple[Float[np.ndarray, "time wave"], tuple[Shape, ...]]:
    """The waves, centred inside the window and held at its ends, and the rule of their weights for each channel of
    `varying`."""
    inside = np.flatnonzero(in_window)
    years = np.clip(np.arange(len(in_window)), inside[0], inside[-1]) / periods_per_year
    half = (years[-1] - years[0]) / 2
    count = max(3, round(2 * half * WAVES_PER_YEAR))
    columns = waves(years - years[0] - half, MARGIN * half, count)
    rule = Smooth(AMPLITUDE, LENGTHSCALE, float(MARGIN * half))
    return columns - columns[in_window].mean(axis=0), tuple((f"drift_{channel}", count, rule) for channel in varying)


def sample_drift(drift: tuple[Shape, ...]) -> dict[str, Array]:
    """What the weights are made of, from its prior; nothing where no channel drifts."""
    if not drift:
        return {}
    offset = dist.Normal(jnp.zeros((len(drift), drift[0][1])), 1.0)
    return sample_scales(drift) | {"drift_offset": numpyro.sample("drift_offset", offset)}


def drift_weights(
    drift: tuple[Shape, ...], varying: tuple[int, ...], channels: int, draw: Draw
) -> Float[Array, "channel wave"]:
    """The weights of every channel, 0 for those that do not drift."""
    scale = column_scales(drift, draw).reshape(len(drift), -1)
    return jnp.zeros((channels, scale.shape[1])).at[jnp.asarray(varying)].set(scale * draw["drift_offset"])


def centre_of_drift(drift: tuple[Shape, ...]) -> dict[str, Array]:
    """Where chains start: no drift."""
    return centre_of_scales(drift) | ({"drift_offset": jnp.zeros((len(drift), drift[0][1]))} if drift else {})
