"""Are posterior intervals as wide as they should be? Simulation-based calibration of a model on its own prior.

    truth ~ prior,   KPI ~ model(truth),   draws ~ posterior given KPI
    rank(truth among draws) is uniform when sampler, density and prior are what they claim to be

Talts et al. (2018), "Validating Bayesian inference algorithms with simulation-based calibration". The prior here is the
default one, on the exposure of a panel that stays as it is; what a share is a share of stays as well, so that the
prior does not move with the simulated KPI.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.handlers import seed, trace
from scipy.stats import binom, chisquare

from mmm.model.block import column_scales
from mmm.model.core import expected
from mmm.model.fit import Model
from mmm.model.likelihood import coefficient_of, component_parameters, design_mean, mix_model
from mmm.model.sample import draw_posterior
from mmm.model.spec import Arrays

RANKS = 64
"""A truth's rank lies between 0 and `RANKS - 1`, among `RANKS - 1` thinned draws."""
BINS = 8

Values = Mapping[str, jax.Array]


def from_prior(model: Model, key: jax.Array) -> tuple[Values, Arrays]:
    """Parameters from the prior, and the arrays with a KPI that they made."""
    structure, arrays, _ = model
    first, second = jax.random.split(key)
    sites = trace(seed(partial(mix_model, structure, collapse=False), first)).get_trace(arrays)
    drawn = {name: site["value"] for name, site in sites.items() if site["type"] == "sample" and name != "kpi"}
    sd = column_scales(structure.blocks, drawn) * arrays.design.sd
    linear = {
        "coefficient": coefficient_of(structure, arrays, drawn),
        "baseline_coefficient": design_mean(structure, arrays) + sd * drawn["baseline_offset"],
    }
    shock = drawn.get("shock", 0.0) * drawn.get("shock_offset", jnp.zeros(len(arrays.kpi)))
    noise = drawn["sigma"] * jax.random.normal(second, arrays.kpi.shape)
    kpi = expected(structure, arrays, component_parameters(structure, drawn) | linear) + shock[:, None] + noise
    return drawn, arrays._replace(kpi=kpi * arrays.mask)


def ranks(model: Model, datasets: int, warmup: int = 300, draws: int = 250, chains: int = 4) -> dict[str, np.ndarray]:
    """The rank of each sampled number's truth, by parameter: `(dataset, entry)`."""
    found: dict[str, list[np.ndarray]] = {}
    for number in range(datasets):
        truth, arrays = from_prior(model, jax.random.key(number))
        posterior = draw_posterior(model.structure, arrays, number, chains, warmup, draws).values
        for name, values in posterior.items():
            flat = np.asarray(values).reshape(chains * draws, -1)
            thinned = flat[np.linspace(0, len(flat) - 1, RANKS - 1).astype(int)]
            found.setdefault(name, []).append((thinned < np.ravel(truth[name])).sum(axis=0))
    return {name: np.stack(values) for name, values in found.items()}


def p_values(ranks: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Chi-squared test of uniform ranks over `BINS` bins, for each parameter and entry."""
    found = {}
    for name, values in ranks.items():
        for entry, column in enumerate(values.T):
            counts = np.bincount(column * BINS // RANKS, minlength=BINS)
            found[f"{name}[{entry}]"] = float(chisquare(counts).pvalue)
    return found


def band(datasets: int, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Where a histogram of `BINS` bins of uniform ranks lies, bin by bin."""
    low, high = binom.ppf([(1 - level) / 2, (1 + level) / 2], datasets, 1 / BINS)
    return np.full(BINS, low), np.full(BINS, high)
