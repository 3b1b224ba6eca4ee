"""What is believed before the data, in the analyst's language? Medians and 95th percentiles become priors.

    strength     log contribution share ~ Normal(log median, (log p95 - log median) / 1.645)
                 from the share itself, from a ROI (share = ROI spend / value of KPI), or from an mROI
    carryover    the kernel's main parameter gets the location and the spread with which the implied half-life has the
                 median and the p95 asked for; its other parameters (how late it peaks) keep their own prior

Paid channels without a prior of their own share one ROI distribution (`mmm.model.likelihood`). A prior of mROI is one
of the effect of the next unit of exposure, all periods alike: the channel's `share` in the model is then its marginal
one, contribution and all follow from the curve.

To let another kernel have a half-life prior, its half-life must rise with one parameter from half a period up: add that
parameter and its scale to `MAIN`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import xarray as xr
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import ndtr

from mmm.errors import InputError, listing
from mmm.media import Adstock, load_component
from mmm.media.adstock import binomial, geometric, half_life, negative_binomial, normalised_weights
from mmm.study import Prior, Study

Z95 = 1.6448536269514722
MAIN: dict[Callable, tuple[str, Callable]] = {
    geometric: ("retention", jax.nn.sigmoid),
    binomial: ("retention", jax.nn.sigmoid),
    negative_binomial: ("mean_lag", jnp.exp),
}
"""The parameter that a kernel's half-life rises with, and what makes it of an unbounded number."""
FARTHEST = 12.0
"""How far that number is searched: a retention within 1e-5 of 0 and 1."""
NARROWEST, WIDEST = 0.01, 20.0
OTHERS = 200
"""Quantiles at which the kernel's other parameter is asked."""


def effect_priors(
    panel: xr.Dataset, study: Study, mask: np.ndarray, log_media_share: float, organic_share: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-normal priors of each channel's contribution as a share of KPI: log median, log sd, and which are pooled.

    Paid channels without a prior of their own share one ROI distribution: the share of KPI is the share of spend times
    the media share, times what the channel's ROI differs from the common one.
    """
    spend = (panel["spend"].transpose("channel", "time", "geo").to_numpy() * mask).sum(axis=(1, 2))
    kpi = panel["kpi"].transpose("time", "geo").to_numpy()
    value = panel["value_per_kpi"].transpose("time", "geo").to_numpy()
    total = np.where(mask, kpi, 0.0)
    paid = panel["paid"].to_numpy().astype(bool)
    floor = 1e-3 * spend[paid].sum() / max(paid.sum(), 1)
    spend_share = np.maximum(spend, floor) / max(np.maximum(spend, floor)[paid].sum(), 1e-300)
    mean = np.where(paid, np.log(np.maximum(spend_share, 1e-12)) + log_media_share, organic_share[0])
    sd = np.where(paid, 0.0, organic_share[1])
    pooled = paid.copy()
    for index, name in enumerate(panel.indexes["channel"]):
        strength = study.model.of(str(name)).strength
        if strength:
            kind, own = strength
            per_share = 1.0 if kind == "contribution_share_prior" else max(spend[index], 1e-12) / (total * value).sum()
            mean[index], sd[index] = np.log(own.median * per_share), np.log(own.p95 / own.median) / Z95
            pooled[index] = False
    return mean, sd, pooled


@lru_cache
def with_half_life(name: str, prior: Prior | None, max_lag: int) -> Adstock:
    """The adstock a study names, with the prior that its half-life was given, in periods.

    Raises `InputError` for kernels whose half-life has no one parameter, and for what the kernel cannot reach.
    """
    adstock: Adstock = load_component("adstock", name)
    if prior is None:
        return adstock
    if adstock.function not in MAIN:
        known = listing(["auto", *(kernel.__name__ for kernel in MAIN)])
        raise InputError([f"half_life_prior cannot be kept by adstock {name!r}: use one of {known}, or leave it out"])
    longest = (max_lag + 1) / 2
    if prior.median <= 0.5 or prior.p95 >= longest:
        raise InputError(
            [
                f"half_life_prior {prior.median:g} to {prior.p95:g} periods is out of reach: an effect takes half "
                f"of its own period at least, and with max_lag {max_lag} less than {longest:g}. Raise model.max_lag, "
                "or move the prior"
            ]
        )
    parameter, positive = MAIN[adstock.function]
    location, spread = _location_and_spread(adstock, prior, max_lag)
    unbounded = dist.Normal(location, spread)
    moved = (
        dist.LogNormal(location, spread)
        if positive is jnp.exp
        else dist.TransformedDistribution(unbounded, dist.transforms.SigmoidTransform())
    )
    return Adstock(adstock.function, dict(adstock.priors) | {parameter: moved})


def _location_and_spread(adstock: Adstock, prior: Prior, max_lag: int) -> tuple[float, float]:
    """Of the main parameter's unbounded number, so that half of the half-lives are below the median, 95 % below p95."""
    median, p95 = (_reaching(adstock, value, max_lag) for value in (prior.median, prior.p95))

    def location(spread: float) -> float:
        return brentq(lambda at: ndtr((median - at) / spread).mean() - 0.5, median.min() - 1.0, median.max() + 1.0)

    def missing(spread: float) -> float:
        return float(ndtr((p95 - location(spread)) / spread).mean() - 0.95)

    if missing(NARROWEST) < 0:
        raise InputError(
            [
                f"half_life_prior {prior.median:g} to {prior.p95:g} periods is too narrow for a kernel whose peak is "
                "free as well: raise its p95, or give the channel `adstock: geometric`"
            ]
        )
    spread = brentq(missing, NARROWEST, WIDEST)
    return location(spread), spread


def _reaching(adstock: Adstock, periods: float, max_lag: int) -> Float[np.ndarray, " other"]:
    """The main parameter's unbounded number at which half of the effect has arrived after `periods`, at quantiles of
    the kernel's other parameters; by bisection."""
    main, positive = MAIN[adstock.function]
    quantiles = (np.arange(OTHERS) + 0.5) / OTHERS
    others = {name: prior.icdf(jnp.asarray(quantiles)) for name, prior in adstock.priors.items() if name != main}

    @jax.jit
    def lives(number: jax.Array) -> jax.Array:
        weights = jax.vmap(lambda own: normalised_weights(adstock, max_lag, own))({main: positive(number)} | others)
        return half_life(weights)

    low, high = np.full(OTHERS, -FARTHEST), np.full(OTHERS, FARTHEST)
    for _ in range(50):
        middle = (low + high) / 2
        below = np.asarray(lives(jnp.asarray(middle))) < periods
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return middle
