"""How does a PyMC user get the same model? Every site of the NumPyro model, written down again as a PyMC variable.

    model = pymc_model(panel)                               # a pymc.Model; priors have names and dims
    model = pymc_model(panel, instead={"sigma": partial(pm.HalfCauchy, beta=0.1), "kpi": partial(pm.StudentT, nu=4)})
    idata = pm.sample(model=model, nuts_sampler="numpyro")  # or nutpie.sample(nutpie.compile_pymc_model(model, **JAX))
    fit = from_pymc(idata, panel)                           # what mmm.fit returns: mmm.roi(fit), mmm.allocate(fit)

A prior is translated by its family (`FAMILIES`). Parameters that depend on other variables, the expected KPI first of
all, are the NumPyro model's own JAX code with its own derivatives (`mmm.model.sites`). So there is one description: a
prior that is changed there is changed here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array

from mmm.errors import InputError, closest
from mmm.media.component import Alike
from mmm.model.fit import Model, model_of, panel_of, study_of, with_draws, with_lift
from mmm.model.likelihood import component_sites, prior_centre
from mmm.model.sample import Draws
from mmm.model.sites import FAMILIES, Site, parameters_given, read_sites
from mmm.study import Study

PyMCModel = Any
"""`pymc.Model`, `pymc` variables below: PyMC takes seconds to load and does so inside the functions that use it."""
Variable = Any
Prior = Callable[..., Variable]
"""Called inside the model as `prior(name, dims=...)`, a likelihood with our parameters and `observed` too."""

JAX = MappingProxyType({"backend": "jax", "gradient_backend": "jax"})
"""How nutpie compiles all of the model, ours and the analyst's, into one program. PyMC's own sampler works, call by
call."""


DIMS = {"channel_of_spread": "channel", "channel_in_geo": "channel", "period": "time"}
"""The dimension of a plate, where it is not the plate's own name."""
DIMS_OF_SITES = {"log_share": ("channel",), "kpi": ("cell",), "experiments": ("experiment",)}
"""The dimensions of sites without plates; a `cell` is a geo and period whose KPI counts."""
STATISTICS = (("diverging",), ("n_steps",), ("acceptance_rate", "mean_tree_accept"))
"""The sampler's statistics in the order of `Draws`, under the names that PyMC, NumPyro and nutpie give them."""


def pymc_model(
    panel: xr.DataTree,
    study: Study | None = None,
    *,
    instead: Mapping[str, Prior] = MappingProxyType({}),
    collapse: bool = False,
) -> PyMCModel:
    """The model of `study` on `panel` as a `pymc.Model` whose log density is NumPyro's.

    Variables are named as in a fit's posterior; KPI is relative to the geo's size, as everywhere in the model.
    `instead` gives some of them another distribution: a prior such as `partial(pm.HalfCauchy, beta=0.1)` is called with
    its name and `dims`; the likelihood, `kpi`, with our parameters (`mu`, `sigma`) and `observed` as well, so that
    `partial(pm.StudentT, nu=4)` will do. With `collapse` the baseline is integrated out: faster to sample, and the
    likelihood is a potential, which cannot be exchanged.

    Raises `InputError` for a name that the model does not have, a prior of a family that is not in `FAMILIES`, and a
    baseline that cannot be integrated out.
    """
    import pymc as pm
    from pytensor.link.jax.ops import wrap_jax
    from pytensor.tensor.shape import specify_shape

    study = study or study_of(panel)
    tree = with_lift(panel, study)
    model = model_of(tree, study)
    if collapse and not model.structure.collapses:
        raise InputError(
            ["collapse=True needs `likelihood: normal` and `link: identity`: leave it out, or change those"]
        )
    sites, names = read_sites(model, collapse), _names(model)
    _refuse({names.get(key, key): site for key, site in sites.items()}, instead)
    drawn: dict[str, Variable] = {}
    with pm.Model(coords=_coords(tree, model, sites)) as built:
        for key, site in sites.items():
            parameters: Any = site.parameters
            if site.parents:
                given = {name: specify_shape(drawn[name], sites[name].shape) for name in site.parents}
                parameters = wrap_jax(parameters_given(model, key, site, collapse))(given)
            name = names.get(key, key)
            drawn[key] = _variable(pm, name, site, _dims(model, key, site), parameters, instead.get(name))
    return built


def from_pymc(idata: xr.DataTree, panel: xr.DataTree, study: Study | None = None) -> xr.DataTree:
    """The fit that draws from `pymc_model(panel, study)` make: the tree that `mmm.fit` returns.

    Variables of the analyst's own stay behind in `idata`. Predictive checks draw noise as the study has it: after a
    change of likelihood they judge the study's. Raises `InputError` for variables or statistics that are missing or
    belong to another panel.
    """
    study = study or study_of(panel)
    tree = with_lift(panel, study)
    model = model_of(tree, study)
    posterior, statistics = idata["posterior"].to_dataset(), idata["sample_stats"].to_dataset()
    collapsed = model.structure.collapses and "baseline_offset" not in posterior
    shapes = jax.eval_shape(lambda: prior_centre(model.structure, model.arrays, collapsed))
    names = {key: _names(model).get(key, key) for key in shapes}
    problems = [_mismatch(posterior, names[key], value.shape) for key, value in shapes.items()]
    if "diverging" not in statistics:
        problems.append("`diverging` is not in sample_stats: sample with NUTS, which says where it could not go")
    if any(problems):
        raise InputError([problem for problem in problems if problem], "the PyMC result")
    values = {key: jnp.asarray(posterior[name].to_numpy()) for key, name in names.items()}
    fit = with_draws(tree, study, model, Draws(values, *(_statistic(statistics, known) for known in STATISTICS)))
    fit.attrs["sampler"] = str(statistics.attrs.get("inference_library", "pymc"))
    return fit


def _variable(
    pm: Any, name: str, site: Site, dims: tuple[str, ...], parameters: Mapping[str, Any], prior: Prior | None
) -> Variable:
    if site.is_factor:
        return pm.Potential(name, parameters["var"])
    data = {} if site.observed is None else {"observed": site.observed}
    if prior is not None:
        return prior(name, dims=dims, **(dict(parameters) | data if data else {}))
    return getattr(pm, FAMILIES[type(site.prior)].name)(name, dims=dims, **parameters, **data)


def _refuse(sites: Mapping[str, Site], instead: Mapping[str, Prior]) -> None:
    """Complain of names that are not variables, and of priors that have no translation."""
    known = [name for name, site in sites.items() if not site.is_factor]
    unknown = [name for name in instead if name not in known]
    problems = [f"instead: there is no `{name}` to change; {closest(name, known)}" for name in unknown]
    problems += [
        f"`{name}` has a prior of NumPyro's family {type(site.prior).__name__}, which has no PyMC name here: give it "
        f"with `instead={{{name!r}: ...}}`, or add the family to mmm.model.sites.FAMILIES"
        for name, site in sites.items()
        if type(site.prior) not in FAMILIES and name not in instead
    ]
    if problems:
        raise InputError(problems, "the PyMC model")


def _mismatch(posterior: xr.Dataset, name: str, shape: tuple[int, ...]) -> str:
    """What is wrong with `name` in the posterior, if anything."""
    if name not in posterior:
        return f"`{name}` is not in the posterior: sample all of the model"
    found = posterior[name].shape[2:]
    wrong = f"`{name}` has the shape {found} and not {shape}: sample the model of this panel and study"
    return "" if found == shape else wrong


def _names(model: Model) -> dict[str, str]:
    """What PyMC calls the sites of components: as a fit does where all channels share theirs, else with the name of the
    first channel that has it at the end."""
    structure = model.structure
    return {
        key + part: name + part + (f"_{structure.channels[group.channels[0]]}" if len(structure.groups) > 1 else "")
        for group, key, name, prior in component_sites(structure)
        for part in (("_common", "_own") if isinstance(prior, Alike) else ("",))
    }


def _group_dims(model: Model) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The dimension and the channels of each group's key."""
    structure = model.structure
    members = {group.key: tuple(structure.channels[index] for index in group.channels) for group in structure.groups}
    return {
        key: ("channel" if len(members) == 1 else f"channel_like_{names[0]}", names) for key, names in members.items()
    }


def _dims(model: Model, name: str, site: Site) -> tuple[str, ...]:
    """Names of the site's axes, its own where it has no plates."""
    if name in DIMS_OF_SITES or site.is_factor:
        return DIMS_OF_SITES.get(name, ())
    dims_of = _group_dims(model)
    groups = {f"channels_of_{key}": dims_of[group.key][0] for group, key, *_ in component_sites(model.structure)}
    dims = tuple((groups | DIMS).get(plate, plate) for plate in site.plates)
    return dims + tuple(f"{name}_{axis}" for axis in range(len(site.shape) - len(dims)))


def _coords(tree: xr.DataTree, model: Model, sites: Mapping[str, Site]) -> dict[str, Any]:
    """Labels of every dimension, numbers where it has none."""
    geos, periods = model.structure.geos, np.datetime_as_string(panel_of(tree)["time"].values, unit="D")
    known: dict[str, Any] = {
        "geo": geos,
        "time": periods,
        "channel": model.structure.channels,
        "column": [label for block in model.blocks for label in block.labels],
        **dict(_group_dims(model).values()),
    }
    known["cell"] = [f"{geos[geo]} {periods[time]}" for time, geo in zip(*np.nonzero(model.arrays.mask), strict=True)]
    for name, site in sites.items():
        known = dict(zip(_dims(model, name, site), map(np.arange, site.shape), strict=False)) | known
    return known


def _statistic(statistics: xr.Dataset, known: tuple[str, ...]) -> Array:
    """The first of `known` that the sampler gave, NaN where it gave none."""
    found = next((statistics[name] for name in known if name in statistics), statistics["diverging"] * np.nan)
    return jnp.asarray(found.to_numpy())
