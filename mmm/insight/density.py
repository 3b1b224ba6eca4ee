"""How probable is what was seen, draw by draw? Log likelihood by period, and log prior of what media are made of.

    log_likelihood(fit)     # chain draw time: all geos of a period together
    log_prior(fit)          # chain draw: component parameters, the ROI spread, and the channels' shares of KPI
    log_predictive(fit, longer, new)    # of periods that the fit has not seen

The likelihood is that of a period given all parameters, baseline coefficients included, also where the sampler had
integrated them out: they are drawn again from their exact conditional. A shock that geos share is integrated out, for
it belongs to one period only: in closed form under normal noise, by quadrature otherwise.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import xarray as xr
from jaxtyping import Array, Bool, Float

from mmm.insight.contrast import Sample, draws_of, expected_kpi, labelled, over_draws
from mmm.model.core import effect_of_share, response
from mmm.model.fit import model_of, panel_of
from mmm.model.likelihood import component_sites
from mmm.model.spec import MEDIA_SHARE, ROI_SPREAD, Arrays, Structure, for_sampling

NODES = 41
"""Points of the quadrature over a period's shock."""


def log_likelihood(fit: xr.DataTree) -> xr.DataArray:
    """Log density of each window period's KPI, `chain draw time`, in units of KPI relative to the geo's size."""
    model, panel = model_of(fit), panel_of(fit)
    rows = np.flatnonzero(panel["in_window"].values)
    given = for_sampling(model.arrays), jnp.asarray(rows)
    values = over_draws(_log_likelihood, model.structure, draws_of(fit), *given)
    return labelled(fit, values, {"time": panel["time"].values[rows]}, None, "log density")


def log_prior(fit: xr.DataTree) -> xr.DataArray:
    """Log prior density of the media part, `chain draw`: what a channel does, not the baseline and the noise; nor how
    geos differ."""
    model = model_of(fit)
    values = over_draws(_log_prior, model.structure, draws_of(fit), for_sampling(model.arrays))
    return labelled(fit, values, {}, None, "log density")


def log_predictive(
    fit: xr.DataTree, panel: xr.Dataset, new: Bool[np.ndarray, " time"]
) -> Float[np.ndarray, " new_time"]:
    """Log predictive density of each of the rows `new` of `panel`, which continues the fit's own and has them outside
    of the window; averaged over draws."""
    tree = xr.DataTree.from_dict({"/panel": panel, "/posterior": fit["posterior"].to_dataset()})
    tree.attrs = dict(fit.attrs)
    model = model_of(tree)
    kpi = panel["kpi"].transpose("time", "geo").to_numpy()
    counts = np.isfinite(kpi) & new[:, None]
    relative = jnp.asarray(np.where(counts, kpi, 0.0) / np.asarray(model.arrays.size))
    arrays = model.arrays._replace(kpi=relative, mask=jnp.asarray(counts.astype(float)))
    rows = jnp.asarray(np.flatnonzero(new))
    values = over_draws(_log_likelihood, model.structure, draws_of(tree), for_sampling(arrays), rows)
    return np.asarray(jax.scipy.special.logsumexp(jnp.asarray(values), axis=0)) - np.log(len(values))


def _log_likelihood(structure: Structure, sample: Sample, arrays: Arrays, rows: Array) -> Float[Array, " row"]:
    mean = expected_kpi(structure, sample, arrays) / arrays.size
    return _by_period(structure, arrays, sample, mean)[rows]


def _log_prior(structure: Structure, sample: Sample, arrays: Arrays) -> Float[Array, ""]:
    own = response(structure, arrays, sample)
    total = jnp.zeros(())
    for group, _, name, prior in component_sites(structure):
        total += prior.log_prob(sample[name][jnp.asarray(group.channels)]).sum()
    log_share = jnp.log(effect_of_share(structure, arrays, sample, own, sample["coefficient"]))
    spread = sample["roi_spread"]
    variance = jnp.where(arrays.pooled, spread**2, arrays.prior_sd**2)
    common = MEDIA_SHARE[1] * arrays.pooled[:, None]
    shares = dist.LowRankMultivariateNormal(arrays.prior_mean, common, variance)
    return total + shares.log_prob(log_share) + dist.LogNormal(*ROI_SPREAD).log_prob(spread)


def _by_period(
    structure: Structure, arrays: Arrays, sample: Sample, mean: Float[Array, "time geo"]
) -> Float[Array, " time"]:
    """Log density of each period, what is masked counting nothing."""
    if "shock" not in sample:
        return (_cell(structure, arrays, sample, mean) * arrays.mask).sum(axis=1)
    if structure.likelihood == "normal" and structure.link == "identity":
        return _with_shared_shock(arrays, sample, mean)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    shocks = sample["shock"] * jnp.asarray(nodes)

    def shifted(shock: Array) -> Array:
        moved = mean * jnp.exp(shock) if structure.link == "log" else mean + shock
        return (_cell(structure, arrays, sample, moved) * arrays.mask).sum(axis=1)

    terms = jax.vmap(shifted)(shocks) + jnp.log(jnp.asarray(weights / weights.sum()))[:, None]
    return jax.scipy.special.logsumexp(terms, axis=0)


def _cell(structure: Structure, arrays: Arrays, sample: Sample, mean: Array) -> Array:
    if structure.likelihood == "negative_binomial":
        counted = dist.NegativeBinomial2(mean * arrays.size, sample["concentration"])
        return counted.log_prob(jnp.round(arrays.kpi * arrays.size))
    if structure.likelihood == "student_t":
        return dist.StudentT(sample["degrees_of_freedom"], mean, sample["sigma"]).log_prob(arrays.kpi)
    return dist.Normal(mean, sample["sigma"]).log_prob(arrays.kpi)


def _with_shared_shock(arrays: Arrays, sample: Sample, mean: Array) -> Array:
    """Normal cells of variance sigma^2 that share a shock of variance shock^2, by Sherman and Morrison."""
    residual = arrays.mask * (arrays.kpi - mean)
    cells, ratio = arrays.mask.sum(axis=1), (sample["shock"] / sample["sigma"]) ** 2
    square = (residual**2).sum(axis=1) - residual.sum(axis=1) ** 2 * ratio / (1.0 + cells * ratio)
    log_det = cells * jnp.log(2 * jnp.pi * sample["sigma"] ** 2) + jnp.log1p(cells * ratio)
    return -0.5 * (log_det + square / sample["sigma"] ** 2)
