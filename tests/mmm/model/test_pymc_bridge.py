"""The PyMC model is the NumPyro model: same density everywhere, and what is sampled from it is a fit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
import xarray as xr
from numpyro.infer.util import log_density

import mmm
from mmm.errors import InputError
from mmm.media import saturation
from mmm.model.calibrate import to_dataset
from mmm.model.fit import Model, model_of
from mmm.model.likelihood import mix_model, prior_centre
from mmm.model.pymc_bridge import JAX, from_pymc, pymc_model
from mmm.model.sites import FAMILIES

pm = pytest.importorskip("pymc")

Market = Callable[..., xr.DataTree]

TINY = {"adstock": "geometric", "saturation": "none", "max_lag": 1, "trend": {"kind": "none"},
        "seasonality": {"order": 1}}  # fmt: skip
POINTS = 20


class Densities(NamedTuple):
    """Log densities at the same random points, PyMC's and NumPyro's."""

    pymc: np.ndarray
    numpyro: np.ndarray


def sites(model: Model, collapse: bool) -> dict[str, Any]:
    return jax.eval_shape(lambda: prior_centre(model.structure, model.arrays, collapse))


def both_ways(built: Any, model: Model, names: dict[str, str], collapse: bool = False) -> Callable[[Any], Any]:
    """PyMC's log density at a point of its own, and NumPyro's at the parameters that it stands for."""
    parameters = built.replace_rvs_by_values(built.free_RVs)
    at = built.compile_fn([built.logp(jacobian=False), *parameters], inputs=built.value_vars, mode="JAX")
    theirs = jax.jit(lambda draw: log_density(mix_model, (model.structure, model.arrays, collapse), {}, draw)[0])

    def densities(place: dict[str, np.ndarray], **more: float) -> tuple[float, float]:
        density, *values = at(place)
        named = {names.get(v.name, v.name): value for v, value in zip(built.free_RVs, values, strict=True)}
        draw = {name: jnp.asarray(value) for name, value in (named | more).items()}
        assert set(draw) == set(sites(model, collapse))
        return float(density), float(theirs(draw))

    return densities


def somewhere(built: Any, random: np.random.Generator) -> dict[str, np.ndarray]:
    """A point of PyMC's, on its unconstrained scale."""
    dims = {v: built.named_vars_to_dims.get(v.name, ()) for v in built.free_RVs}
    sizes = {v: [len(built.coords[dim]) for dim in dims[v]] for v in built.free_RVs}
    return {built.rvs_to_values[v].name: random.normal(0.0, 0.7, sizes[v]) for v in built.free_RVs}


def compare(
    panel: xr.DataTree, names: dict[str, str], collapse: bool = False, seen: frozenset[str] = frozenset({"kpi"})
) -> Densities:
    """At random points; `names` translates PyMC's names to NumPyro's, `seen` are the sites with data."""
    built = pymc_model(panel, collapse=collapse)
    assert {v.name for v in built.observed_RVs + built.potentials} == seen
    densities = both_ways(built, model_of(panel), names, collapse)
    random, centre = np.random.default_rng(1), built.initial_point()
    places = [
        {name: value + 0.5 * random.normal(size=value.shape) for name, value in centre.items()} for _ in range(POINTS)
    ]
    return Densities(*np.array([densities(place) for place in places]).T)


RETENTION = {"adstock_retention": "adstock_retention_0"}
CASES = {
    "three geos": (3, TINY, RETENTION),
    "student_t, one channel": (1, TINY | {"likelihood": "student_t"}, RETENTION),
    "counts": (2, TINY | {"likelihood": "negative_binomial", "link": "log"}, RETENTION),
    "a component of each channel's own": (
        2,
        TINY | {"per_channel": {"radio": {"adstock": "weibull_pdf", "saturation": "burr"}}},
        {
            "adstock_retention_tv": "adstock_retention_0",
            **{f"adstock_{name}_radio": f"adstock_{name}_1" for name in ("shape", "scale")},
            **{
                f"saturation_{name}_radio": f"saturation_{site}"
                for name, site in (
                    ("half_saturation", "half_saturation_1"), ("tail", "tail_1"),
                    ("slope_common", "slope_1_common"), ("slope_own", "slope_1_own"),
                )
            },
        },
    ),
}  # fmt: skip


SLOW = ("student_t, one channel", "counts")


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] if case in SLOW else []) for case in CASES]
)
def test_the_density_is_numpyros(market: Market, case: str) -> None:
    geos, model, names = CASES[case]
    data: dict[str, Any] = {"controls": ["price"], "window": {"start": "2024-01-15"}}
    if "one channel" in case:
        data["channels"] = {"tv": {"spend": "tv_spend"}}
    found = compare(market(periods=20, geos=geos, model=model, data=data), names)
    np.testing.assert_allclose(found.pymc, found.numpyro, rtol=1e-9, atol=1e-6)


def test_the_density_without_the_baseline_is_numpyros(market: Market) -> None:
    found = compare(market(periods=20, geos=3, model=TINY), RETENTION, collapse=True)
    np.testing.assert_allclose(found.pymc, found.numpyro, rtol=1e-9, atol=1e-6)


def test_experiments_are_in_the_density(market: Market) -> None:
    panel = market(periods=20, model=TINY)
    row = {"experiment": "holdout", "channel": ("tv",), "geos": (), "start": "2024-03-04", "end": "2024-03-24",
           "measured_until": "2024-03-31", "lift": 60.0, "standard_error": 20.0, "randomised": True}  # fmt: skip
    spent = panel["panel/spend"].sel(channel="tv", time=slice("2024-03-04", "2024-03-24")).sum()
    with_test = panel.copy()
    with_test["lift"] = xr.DataTree(to_dataset(pd.DataFrame([row | {"spend_delta": 0.5 * float(spent)}])))
    found = compare(with_test, RETENTION, seen=frozenset({"kpi", "experiments"}))
    np.testing.assert_allclose(found.pymc, found.numpyro, rtol=1e-9, atol=1e-6)


def test_a_prior_of_the_analysts_own_takes_the_place_of_ours(market: Market) -> None:
    panel, narrow = market(periods=20, model=TINY), partial(pm.Normal, mu=0.0, sigma=0.1)
    ours, theirs = pymc_model(panel), pymc_model(panel, instead={"baseline_offset": narrow})
    assert [v.name for v in ours.free_RVs] == [v.name for v in theirs.free_RVs]
    place = somewhere(ours, np.random.default_rng(1)) | {"baseline_offset": np.array([0.1, -0.2, 0.3])}
    gained = theirs.compile_logp(mode="JAX")(place) - ours.compile_logp(mode="JAX")(place)
    # 3 (log 1 - log 0.1) - (0.01 + 0.04 + 0.09) / 2 (1 / 0.01 - 1)
    assert float(gained) == pytest.approx(3 * np.log(10.0) - 0.14 / 2 * 99.0)


def test_a_likelihood_of_the_analysts_own_gets_our_mean(market: Market) -> None:
    """Four degrees of freedom said in PyMC, or sampled there by the study: the densities differ by that prior."""
    student = market(periods=20, model=TINY | {"likelihood": "student_t"})
    built = pymc_model(market(periods=20, model=TINY), instead={"kpi": partial(pm.StudentT, nu=4.0)})
    ours, studys = both_ways(built, model_of(student), RETENTION)(
        somewhere(built, np.random.default_rng(1)), degrees_of_freedom=4.0
    )
    assert ours == pytest.approx(studys - float(dist.Gamma(2.0, 0.1).log_prob(4.0)))


def test_variables_carry_the_names_of_what_they_are_of(market: Market) -> None:
    built = pymc_model(market(periods=6, geos=2, model=TINY))
    assert built.named_vars_to_dims["log_share"] == ("channel",)
    assert built.named_vars_to_dims["geo_contrast"] == ("contrast", "channel")
    assert built.named_vars_to_dims["shock_offset"] == ("time",)
    assert built.named_vars_to_dims["kpi"] == ("cell",)
    assert built.coords["channel"] == ("tv", "radio")
    assert built.coords["cell"][:2] == ("geo0 2024-01-01", "geo1 2024-01-01")


# Two or three parameters each, and a place where every one of them is defined.
EXAMPLES = {
    dist.Beta: (2.0, 3.0), dist.Cauchy: (0.5, 2.0), dist.Exponential: (2.0,), dist.Gamma: (2.0, 3.0),
    dist.HalfCauchy: (2.0,), dist.HalfNormal: (2.0,), dist.InverseGamma: (2.0, 3.0), dist.Laplace: (0.5, 2.0),
    dist.LogNormal: (0.5, 2.0), dist.Normal: (0.5, 2.0), dist.StudentT: (4.0, 0.5, 2.0), dist.Uniform: (0.2, 3.0),
    dist.Weibull: (2.0, 3.0),
}  # fmt: skip


@pytest.mark.parametrize("family", EXAMPLES, ids=lambda family: family.__name__)
def test_a_prior_keeps_its_density_in_translation(family: type[dist.Distribution]) -> None:
    prior, (name, parameters) = family(*EXAMPLES[family]), FAMILIES[family]
    translated = getattr(pm, name).dist(**{ours: getattr(prior, theirs) for ours, theirs in parameters.items()})
    found = [float(pm.logp(translated, place).eval(mode="FAST_COMPILE")) for place in (0.3, 0.7)]
    assert found == pytest.approx([float(prior.log_prob(place)) for place in (0.3, 0.7)], rel=1e-6)


def test_a_prior_without_a_translation_is_refused_until_it_is_given(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(saturation.POWER.priors, "exponent", dist.Kumaraswamy(2.0, 2.0))
    panel = market(periods=6, model=TINY | {"saturation": "power"})
    with pytest.raises(InputError, match=r"`saturation_exponent` .* Kumaraswamy.*instead="):
        pymc_model(panel)
    built = pymc_model(panel, instead={"saturation_exponent": partial(pm.Kumaraswamy, a=2.0, b=2.0)})
    assert "saturation_exponent" in built.named_vars


def test_only_what_the_model_has_can_be_changed(market: Market) -> None:
    with pytest.raises(InputError, match=r"no `sigmas`.*did you mean 'sigma'"):
        pymc_model(market(periods=6, model=TINY), instead={"sigmas": pm.HalfNormal})
    with pytest.raises(InputError, match=r"no `kpi` to change"):
        pymc_model(market(periods=6, model=TINY), instead={"kpi": pm.Normal}, collapse=True)


def test_a_baseline_on_the_log_scale_cannot_be_integrated_out(market: Market) -> None:
    with pytest.raises(InputError, match="collapse=True needs"):
        pymc_model(market(periods=6, model=TINY | {"link": "log"}), collapse=True)


def drawn(panel: xr.DataTree) -> xr.DataTree:
    """What a sampler that never moves from the centre of the priors would give, in PyMC's names."""
    model = model_of(panel)
    centre = prior_centre(model.structure, model.arrays, False)
    named = {{"adstock_retention_0": "adstock_retention"}.get(name, name): value for name, value in centre.items()}
    every = {name: np.broadcast_to(value, (2, 3, *np.shape(value))) for name, value in named.items()}
    axes = {name: ("chain", "draw", *(f"{name}_{axis}" for axis in range(x.ndim - 2))) for name, x in every.items()}
    stats = {"diverging": (("chain", "draw"), np.zeros((2, 3), bool))}
    posterior = xr.Dataset({name: (axes[name], values) for name, values in every.items()})
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": xr.Dataset(stats)})


def test_draws_become_a_fit_that_insight_reads(market: Market) -> None:
    panel = market(periods=20, model=TINY)
    fit = from_pymc(drawn(panel), panel)
    assert fit["posterior/coefficient"].dims == ("chain", "draw", "geo", "channel")
    assert fit["posterior/baseline_coefficient"].dims == ("chain", "draw", "column")
    assert set(fit["sample_stats"].data_vars) == {"diverging", "n_steps", "acceptance_rate"}
    # a channel's contribution is its share of all KPI
    share = np.exp(np.asarray(model_of(panel).arrays.prior_mean))
    expected = share * float(panel["panel/kpi"].sum()) / panel["panel/spend"].sum(("geo", "time")).to_numpy()
    np.testing.assert_allclose(mmm.roi(fit).to_numpy(), np.broadcast_to(expected, (2, 3, 2)), rtol=1e-6)


def test_draws_of_something_else_are_refused_with_all_that_is_wrong(market: Market) -> None:
    panel = market(periods=20, model=TINY)
    idata = drawn(panel)
    posterior = idata["posterior"].to_dataset().drop_vars("sigma").isel(log_share_0=[0])
    stats = xr.Dataset({"accepted": idata["sample_stats/diverging"]})
    with pytest.raises(InputError) as refused:
        from_pymc(xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats}), panel)
    problems = " ".join(refused.value.problems)
    assert len(refused.value.problems) == 3
    assert "`sigma` is not in the posterior" in problems
    assert "`log_share` has the shape (1,) and not (2,)" in problems
    assert "sample with NUTS" in problems


def test_pymc_is_loaded_only_when_it_is_asked_for() -> None:
    program = "import sys, mmm.model.pymc_bridge; sys.exit(bool({'pymc', 'pytensor'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.slow
def test_nutpie_finds_what_we_find(market: Market) -> None:
    """Two channels' ROI from two samplers and two forms of the density: within 4 Monte Carlo standard errors."""
    from arviz_stats.base import array_stats

    nutpie = pytest.importorskip("nutpie")
    panel = market(periods=40, noise=0.1, model=TINY, fit={"chains": 2, "draws": 1000})
    compiled = nutpie.compile_pymc_model(pymc_model(panel), **JAX)
    idata = nutpie.sample(compiled, draws=1000, tune=500, chains=2, cores=1, seed=1, progress_bar=False)
    fits = from_pymc(idata, panel), mmm.fit(panel)
    for channel in ("tv", "radio"):
        draws = [mmm.roi(fit).sel(channel=channel).to_numpy() for fit in fits]
        errors = [x.std() / np.sqrt(array_stats.ess(x, chain_axis=0, draw_axis=1, method="mean")) for x in draws]
        assert abs(draws[0].mean() - draws[1].mean()) < 4 * np.hypot(*errors)
