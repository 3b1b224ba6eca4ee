"""What variables does the model have, and how does each depend on the others? The NumPyro model, read site by site.

    sites = read_sites(model)                         # name -> Site, parents before children
    parameters_given(model, "kpi", sites["kpi"])      # JAX: values of its parents -> parameters of its distribution

Another engine can write the same model down from this (`mmm.model.pymc_bridge`): a family's name, its axes, and either
constant parameters or a differentiable function. Nothing is said twice, so nothing can drift apart.

To add a family, add its row to `FAMILIES`: the NumPyro class, the PyMC name, and what each calls the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array
from numpyro import handlers
from numpyro.infer.inspect import get_dependencies

from mmm.model.fit import Model
from mmm.model.likelihood import mix_model


class Family(NamedTuple):
    """PyMC's name of a distribution, and NumPyro's name of each of its parameters."""

    name: str
    parameters: Mapping[str, str]


FAMILIES: Mapping[type[dist.Distribution], Family] = {
    dist.Beta: Family("Beta", {"alpha": "concentration1", "beta": "concentration0"}),
    dist.Cauchy: Family("Cauchy", {"alpha": "loc", "beta": "scale"}),
    dist.Exponential: Family("Exponential", {"lam": "rate"}),
    dist.Gamma: Family("Gamma", {"alpha": "concentration", "beta": "rate"}),
    dist.HalfCauchy: Family("HalfCauchy", {"beta": "scale"}),
    dist.HalfNormal: Family("HalfNormal", {"sigma": "scale"}),
    dist.InverseGamma: Family("InverseGamma", {"alpha": "concentration", "beta": "rate"}),
    dist.Laplace: Family("Laplace", {"mu": "loc", "b": "scale"}),
    dist.LogNormal: Family("LogNormal", {"mu": "loc", "sigma": "scale"}),
    dist.LowRankMultivariateNormal: Family("MvNormal", {"mu": "loc", "cov": "covariance_matrix"}),
    dist.MultivariateNormal: Family("MvNormal", {"mu": "loc", "cov": "covariance_matrix"}),
    dist.NegativeBinomial2: Family("NegativeBinomial", {"mu": "mean", "alpha": "concentration"}),
    dist.Normal: Family("Normal", {"mu": "loc", "sigma": "scale"}),
    dist.StudentT: Family("StudentT", {"nu": "df", "mu": "loc", "sigma": "scale"}),
    dist.Uniform: Family("Uniform", {"lower": "low", "upper": "high"}),
    dist.Unit: Family("Potential", {"var": "log_factor"}),
    dist.Weibull: Family("Weibull", {"alpha": "concentration", "beta": "scale"}),
}


class Site(NamedTuple):
    """A site of the model. `parameters` are given where it depends on no other variable; `rows` are the cells of
    `observed` that count."""

    prior: dist.Distribution
    shape: tuple[int, ...]
    plates: tuple[str, ...]
    parents: tuple[str, ...]
    parameters: Mapping[str, np.ndarray]
    observed: np.ndarray | None = None
    rows: tuple[np.ndarray, ...] = ()

    @property
    def is_factor(self) -> bool:
        """Whether it only adds to the density."""
        return isinstance(self.prior, dist.Unit)


def read_sites(model: Model, collapse: bool = False) -> dict[str, Site]:
    """Every variable, observation and factor of the model, parents before children."""
    known = get_dependencies(mix_model, (model.structure, model.arrays, collapse))["prior_dependencies"]
    parents = {name: tuple(sorted(set(others) - {name})) for name, others in known.items()}
    traced: dict[str, Any] = {}

    def constants() -> tuple[dict[str, Any], dict[str, Any]]:
        traced.update(_trace(model, collapse, {}))  # families and plates, which are no arrays, leave by this door
        data = {name: (site["value"], _mask(site)) for name, site in traced.items() if site["is_observed"]}
        return {name: _parameters(traced[name]["fn"]) for name in traced if not parents[name]}, data

    parameters, data = jax.device_get(jax.jit(constants)())
    sites = {}
    for name, site in traced.items():
        plates = tuple(plate.name for plate in sorted(site["cond_indep_stack"], key=lambda plate: plate.dim))
        prior = _plain(site["fn"]) if name in data else _unmasked(site["fn"])
        found = Site(prior, site["value"].shape, plates, parents[name], parameters.get(name, {}))
        if name in data and not found.is_factor:
            value, mask = data[name]
            found = found._replace(observed=value[np.nonzero(mask)], rows=np.nonzero(mask))
        sites[name] = found
    return sites


def parameters_given(
    model: Model, name: str, site: Site, collapse: bool = False
) -> Callable[[dict[str, Array]], dict[str, Array]]:
    """A site's parameters as a JAX function of the variables they depend on; of data, in the cells that count."""

    def parameters(draw: dict[str, Array]) -> dict[str, Array]:
        found = _parameters(_trace(model, collapse, draw)[name]["fn"])
        return found if site.observed is None else {key: counting(value) for key, value in found.items()}

    def counting(value: Array) -> Array:
        return value.reshape(()) if value.size == 1 else jnp.broadcast_to(value, site.shape)[site.rows]

    return parameters


def _trace(model: Model, collapse: bool, draw: Mapping[str, Array]) -> dict[str, Any]:
    """The NumPyro model run once, with the values of `draw` where it has them."""
    seeded = handlers.seed(handlers.substitute(mix_model, data=draw), jax.random.key(0))
    traced = handlers.trace(seeded).get_trace(model.structure, model.arrays, collapse)
    return {name: site for name, site in traced.items() if site["type"] == "sample"}


def _parameters(prior: dist.Distribution) -> dict[str, Array]:
    plain = _plain(prior)
    family = FAMILIES.get(type(plain))
    return {ours: jnp.asarray(getattr(plain, theirs)) for ours, theirs in family.parameters.items()} if family else {}


def _plain(prior: dist.Distribution) -> dist.Distribution:
    """The family of what may be masked, because masked cells are left out."""
    return _unmasked(prior.base_dist if isinstance(prior, dist.MaskedDistribution) else prior)


def _unmasked(prior: dist.Distribution) -> dist.Distribution:
    """The family behind plates and event dimensions. A mask stays: a variable that has one has no counterpart."""
    while isinstance(prior, dist.ExpandedDistribution | dist.Independent):
        prior = prior.base_dist
    return prior


def _mask(site: Mapping[str, Any]) -> Array:
    mask = site["fn"]._mask if isinstance(site["fn"], dist.MaskedDistribution) else True
    return jnp.broadcast_to(mask, site["value"].shape)
