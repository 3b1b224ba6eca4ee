"""How long does exposure keep working? Adstock: a weighted sum of this period's and earlier exposure.

    adstock(x)[t] = sum_l w[l] x[t - l],   l = 0 .. max_lag,   sum_l w[l] = 1

A family is one function `lag -> weight`; normalising, padding and convolving happen once, in `carry_over`. Weights that
sum to one keep adstocked exposure in units of exposure, so a channel's scale and its carryover do not trade off.

The default is the negative binomial kernel: at `peak` 0 it *is* the geometric one, above it rises before it decays. The
prior sits at 0 with a heavy tail, so the data have to ask for a delay, and can. Tails heavier than geometric are left
out on purpose: they trade off against the intercept.

To add your own, write one function and its priors (`mmm.media.component` shows how).

Sources: geometric and delayed, Jin et al. (2017), "Bayesian methods for media mix modeling with carryover and shape
effects", section 2.2; Weibull, Robyn's documentation of `adstock_weibull`; binomial, Meridian's `AdstockBinomial`.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float

from mmm.media.component import Adstock, Scalar

Lag = Float[Array, " lag"]


def normalised_weights(adstock: Adstock, max_lag: int, parameters: Mapping[str, Array]) -> Lag:
    """Weights over lags 0..`max_lag`, which sum to 1."""
    weights = adstock(jnp.arange(max_lag + 1, dtype=jnp.result_type(float)), **parameters)
    return weights / weights.sum()


def lagged(exposure: Float[Array, "history_and_time *geo"], max_lag: int) -> Float[Array, "lag time *geo"]:
    """Exposure as it was 0..`max_lag` periods ago; the first `max_lag` rows are history and have no row of their
    own."""
    periods = exposure.shape[0] - max_lag
    return jnp.stack([exposure[max_lag - lag : max_lag - lag + periods] for lag in range(max_lag + 1)])


def carry_over(lagged_exposure: Float[Array, "lag time *geo"], weights: Lag) -> Float[Array, "time *geo"]:
    """Adstocked exposure: the weighted sum over lags, which never looks ahead.

    A dot product with exposure that was lagged once, before sampling: its gradient in the weights is a dot product too,
    3 to 4 times faster than shifted slices, convolution or FFT at these lengths.
    """
    flat = lagged_exposure.reshape(len(weights), -1)  # over two axes at once, the gradient's dot product is slow
    return (weights.astype(flat.dtype) @ flat).reshape(lagged_exposure.shape[1:])


def half_life(weights: Float[Array, "*batch lag"]) -> Float[Array, "*batch"]:
    """Periods until half of the effect of one exposure has arrived, interpolated between periods.

    Exposure works through its own period, so weight 0 arrives evenly between 0 and 1.
    """
    reached = jnp.cumsum(weights, axis=-1)
    lag = jnp.argmax(reached >= 0.5, axis=-1)
    weight = jnp.take_along_axis(weights, lag[..., None], axis=-1)[..., 0]
    before = jnp.take_along_axis(reached, lag[..., None], axis=-1)[..., 0] - weight
    return lag + (0.5 - before) / weight


def none(lag: Lag) -> Lag:
    """No carryover: all of the effect in the period of the exposure."""
    return jnp.where(lag == 0, 1.0, 0.0)


def geometric(lag: Lag, *, retention: Scalar) -> Lag:
    """`retention ** lag`: each period keeps the share `retention` of the one before."""
    return retention**lag


def delayed(lag: Lag, *, retention: Scalar, delay: Scalar) -> Lag:
    """`retention ** (lag - delay)^2`: a peak `delay` periods after the exposure."""
    return retention ** ((lag - delay) ** 2)


def binomial(lag: Lag, *, retention: Scalar) -> Lag:
    """`(1 - lag / (max_lag + 1)) ** (1 / retention - 1)`: reaches zero just after `max_lag`."""
    return (1.0 - lag / lag.shape[0]) ** (1.0 / retention - 1.0)


def weibull_cdf(lag: Lag, *, shape: Scalar, scale: Scalar) -> Lag:
    """`exp(-(lag / scale) ** shape)`: survival under a Weibull; decays from the first period."""
    return jnp.exp(-((_positive(lag) / scale) ** shape)) * jnp.where(lag == 0, 0.0, 1.0) + jnp.where(lag == 0, 1.0, 0.0)


def weibull_pdf(lag: Lag, *, shape: Scalar, scale: Scalar) -> Lag:
    """Weibull density at the middle of each period: may rise before it decays."""
    ratio = (lag + 0.5) / scale
    return ratio ** (shape - 1.0) * jnp.exp(-(ratio**shape))


def negative_binomial(lag: Lag, *, mean_lag: Scalar, peak: Scalar) -> Lag:
    """`Gamma(lag + r) / (Gamma(r) lag!) p^lag` with `r = 1 + peak` and `p = mean_lag / (mean_lag + r)`.

    The ratio of gamma functions is the product of `1 + peak / j` over j = 1 .. lag.

    `mean_lag` is the average delay of the untruncated kernel in periods. `peak` 0 is geometric with retention `p`; the
    larger it is, the later and the sharper the effect peaks, at lag `mean_lag peak / (1 + peak)`.
    """
    shape = 1.0 + peak
    log_p = jnp.log(mean_lag) - jnp.log(mean_lag + shape)
    rising = jnp.cumsum(jnp.log1p(peak / _positive(lag)) * (lag > 0))
    return jnp.exp(rising + lag * log_p)


def _positive(lag: Lag) -> Lag:
    """`lag` with 0 replaced by 1, so that the gradient of a power stays finite where its value is not used."""
    return jnp.where(lag == 0, 1.0, lag)


NONE = Adstock(none, {})
GEOMETRIC = Adstock(geometric, {"retention": dist.Beta(2.0, 2.0)})
DELAYED = Adstock(delayed, {"retention": dist.Beta(2.0, 2.0), "delay": dist.Gamma(2.0, 1.0)})
BINOMIAL = Adstock(binomial, {"retention": dist.Beta(2.0, 2.0)})
WEIBULL_CDF = Adstock(weibull_cdf, {"shape": dist.LogNormal(0.0, 0.5), "scale": dist.LogNormal(0.7, 0.7)})
WEIBULL_PDF = Adstock(weibull_pdf, {"shape": dist.LogNormal(0.3, 0.4), "scale": dist.LogNormal(0.7, 0.7)})
NEGATIVE_BINOMIAL = Adstock(negative_binomial, {"mean_lag": dist.LogNormal(0.0, 1.0), "peak": dist.HalfCauchy(0.3)})
AUTO = NEGATIVE_BINOMIAL
