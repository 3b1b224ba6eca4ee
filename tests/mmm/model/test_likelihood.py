"""One description, two ways: integrating the linear coefficients out leaves the posterior as it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from arviz_stats.base import array_stats
from numpyro import handlers
from numpyro.infer import MCMC, NUTS
from numpyro.infer.util import log_density

from mmm.model.block import column_scales
from mmm.model.collapse import Noise, draw_coefficients
from mmm.model.core import media_effect, response
from mmm.model.fit import Model, model_of
from mmm.model.likelihood import (
    coefficient_of,
    component_parameters,
    design_mean,
    mix_model,
    prior_centre,
    sample_media,
)

Market = Callable[..., xr.DataTree]
Draws = dict[str, np.ndarray]

TINY = {"adstock": "geometric", "saturation": "none", "max_lag": 1, "trend": {"kind": "none"},
        "seasonality": {"order": 1}}  # fmt: skip


def sampled_sites(model: Model) -> dict[str, tuple[int, ...]]:
    traced = handlers.trace(handlers.seed(mix_model, 0)).get_trace(model.structure, model.arrays)
    found = {
        name: site["value"].shape
        for name, site in traced.items()
        if site["type"] == "sample" and not site["is_observed"]
    }
    return {name: shape for name, shape in found.items() if name != "kpi"}


LIKELIHOODS = {
    "normal": {},
    "default curve": {"saturation": "auto"},
    "log link": {"link": "log"},
    "student_t": {"likelihood": "student_t"},
    "negative_binomial": {"link": "log", "likelihood": "negative_binomial"},
    "smooth level and drift": {"trend": {"kind": "gp"}, "per_channel": {"tv": {"varying": True}}},
}


@pytest.mark.parametrize("truth", [0.0, 1.0])
def test_the_data_say_whether_geos_saturate_by_habit(market: Market, truth: float) -> None:
    """Two geos of a size, one used to four times as much: KPI made with either habit is likelier under its own."""
    shape = {"saturation": "michaelis_menten", "seasonality": {"order": 0}}
    structure, arrays, _ = model_of(market(periods=60, geos=2, model=TINY | shape))
    apart = jnp.array([0.5, 2.0])
    arrays = arrays._replace(
        lagged_exposure=arrays.lagged_exposure * apart, usual=jnp.broadcast_to(jnp.log(apart), (2, 2))
    )
    at = prior_centre(structure, arrays) | {"log_share": jnp.log(jnp.array([0.3, 0.3])), "sigma": jnp.asarray(0.02)}
    made = component_parameters(structure, at | {"habit": jnp.asarray(truth)})
    media = media_effect(
        coefficient_of(structure, arrays, at | {"habit": jnp.asarray(truth)}), response(structure, arrays, made)
    )
    arrays = arrays._replace(kpi=0.4 + media)
    likely = {
        habit: float(log_density(mix_model, (structure, arrays), {}, at | {"habit": jnp.asarray(habit)})[0])
        for habit in (0.0, 1.0)
    }
    assert likely[truth] > likely[1.0 - truth] + 10


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_chains_start_from_a_value_for_every_sampled_parameter(market: Market, name: str) -> None:
    model = model_of(market(periods=12, geos=2, model=TINY | LIKELIHOODS[name]))
    centre = prior_centre(model.structure, model.arrays)
    assert {name: jnp.shape(value) for name, value in centre.items()} == sampled_sites(model)


def test_only_where_the_baseline_is_gaussian_is_it_integrated_out(market: Market) -> None:
    assert "baseline_offset" not in sampled_sites(model_of(market(periods=12, model=TINY)))
    assert "baseline_offset" in sampled_sites(model_of(market(periods=12, model=TINY | {"link": "log"})))


def test_on_the_log_scale_an_intercept_of_one_is_zero(market: Market) -> None:
    identity, log = (model_of(market(periods=12, model=TINY | {"link": link})) for link in ("identity", "log"))
    assert np.asarray(design_mean(identity.structure, identity.arrays)).tolist() == [1.0, 0.0, 0.0]
    assert np.asarray(design_mean(log.structure, log.arrays)).tolist() == [0.0, 0.0, 0.0]


def test_a_share_of_kpi_is_what_the_coefficient_brings(market: Market) -> None:
    model = model_of(market(periods=30, geos=2, model=TINY))
    shares = jnp.array([0.15, 0.05])
    draw = {"adstock_retention_0": jnp.array([0.3, 0.6]), "log_share": jnp.log(shares)}
    coefficient = jnp.broadcast_to(coefficient_of(model.structure, model.arrays, draw), (2, 2))
    shapes = response(model.structure, model.arrays, component_parameters(model.structure, draw))
    brought = (media_effect(coefficient, shapes) * model.arrays.size).sum()
    assert float(brought / (model.arrays.kpi * model.arrays.size).sum()) == pytest.approx(0.2)


def test_geos_scatter_log_normally_by_the_spread_of_their_channel(market: Market) -> None:
    """However the sampler is centred: a fit recovers the coefficients that were sampled, and they scatter as said."""
    structure, arrays, _ = model_of(market(periods=12, geos=2, model=TINY))
    spread = jnp.array([0.5, 0.1])

    def prior(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        with handlers.trace() as sites, handlers.substitute(data={"geo_spread": spread}), handlers.seed(rng_seed=key):
            sampled = sample_media(structure, arrays)["coefficient"]
        draw = {name: site["value"] for name, site in sites.items() if site["type"] == "sample"}
        return sampled, coefficient_of(structure, arrays, draw)

    sampled, recovered = jax.jit(jax.vmap(prior))(jax.random.split(jax.random.key(0), 2000))
    np.testing.assert_allclose(recovered, sampled, rtol=1e-9)
    scatter = np.log(np.asarray(sampled)[:, 0] / np.asarray(sampled)[:, 1]).std(axis=0) / np.sqrt(2)
    assert scatter == pytest.approx(np.asarray(spread), rel=0.07)  # 2,000 draws: one standard error is 1.6 %


RICH = {"trend": {"kind": "gp", "knots": 3}, "controls_prior": "horseshoe", "breaks": ["2024-04-01"],
        "events": [{"name": "fair", "dates": ["2024-03-05", "2024-06-11"]}]}  # fmt: skip


@pytest.mark.parametrize(("geos", "more"), [(1, {}), (2, {}), (1, RICH)])
def test_integrating_the_baseline_out_is_integrating_the_joint_density(
    market: Market, geos: int, more: dict[str, Any]
) -> None:
    """The joint density is Gaussian in its p offsets, of baseline and shocks, so its integral is exact:
    log integral = log density at the mode + p/2 log(2 pi) - log det(curvature) / 2."""
    data = {"controls": ["price"], "window": {"start": "2024-01-22"}}
    panel = market(periods=30, geos=geos, model=TINY | more, data=data)
    structure, arrays, _ = model_of(panel)

    columns, periods = len(arrays.design.sd), 30 if geos > 1 else 0

    def log_joint(offset: jax.Array, rest: dict[str, jax.Array]) -> jax.Array:
        every = rest | {"baseline_offset": offset[:columns], "shock_offset": offset[columns:]}
        return log_density(mix_model, (structure, arrays, False), {}, every)[0]

    def integrated(rest: dict[str, jax.Array]) -> jax.Array:
        start = jnp.zeros(columns + periods)
        curvature = -jax.hessian(log_joint)(start, rest)
        mode = jnp.linalg.solve(curvature, jax.grad(log_joint)(start, rest))
        return log_joint(mode, rest) + len(start) / 2 * jnp.log(2 * jnp.pi) - jnp.linalg.slogdet(curvature)[1] / 2

    def collapsed(rest: dict[str, jax.Array]) -> jax.Array:
        return log_density(mix_model, (structure, arrays), {}, rest)[0]

    random = np.random.default_rng(6)
    centre = prior_centre(structure, arrays)
    places = {name: value * jnp.exp(0.3 * random.normal(size=(5, *value.shape))) for name, value in centre.items()}
    places["adstock_retention_0"] = jnp.asarray(random.uniform(0.1, 0.9, (5, 2)))
    np.testing.assert_allclose(
        *(jax.jit(jax.vmap(question))(places) for question in (integrated, collapsed)), rtol=1e-9, atol=1e-7
    )


@pytest.fixture(scope="module")
def posteriors(market: Market) -> tuple[Draws, Draws]:
    """The same posterior twice, `(chain, draw, ...)`: baseline integrated out and redrawn, and baseline sampled."""
    model = model_of(market(periods=40, noise=0.1, model=TINY))
    return _posterior(model, collapse=True), _posterior(model, collapse=False)


def _posterior(model: Model, collapse: bool) -> Draws:
    structure, arrays, _ = model
    sampler = MCMC(
        NUTS(partial(mix_model, structure, collapse=collapse), target_accept_prob=0.9),
        num_warmup=400, num_samples=1500, num_chains=2, chain_method="vectorized", progress_bar=False,
    )  # fmt: skip
    sampler.run(jax.random.key(4), arrays)
    draws = sampler.get_samples(group_by_chain=True)

    def recover(key: jax.Array, draw: dict[str, jax.Array]) -> jax.Array:
        sd = column_scales(structure.blocks, draw) * arrays.design.sd
        if not collapse:
            return design_mean(structure, arrays) + sd * draw["baseline_offset"]
        shapes = response(structure, arrays, component_parameters(structure, draw))
        media = media_effect(coefficient_of(structure, arrays, draw), shapes)
        return draw_coefficients(key, arrays, arrays.kpi - media, sd, Noise(draw["sigma"]))

    keys = jax.random.split(jax.random.key(5), (2, 1500))
    coefficients = jax.jit(jax.vmap(jax.vmap(recover)))(keys, draws)
    return {
        "log share": np.asarray(draws["log_share"]), "retention": np.asarray(draws["adstock_retention_0"]),
        "log sigma": np.log(draws["sigma"])[..., None], "log spread": np.log(draws["roi_spread"])[..., None],
        "log season": np.log(draws["scale_seasonality"])[..., None], "baseline": np.asarray(coefficients),
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("moment", [1, 2])
def test_a_baseline_that_is_sampled_gives_the_same_posterior(posteriors: tuple[Draws, Draws], moment: int) -> None:
    # Eleven parameters, two moments: a standardised difference beyond 4 has a probability of 0.0014 in all.
    collapsed, sampled = posteriors
    for name in collapsed:
        for index in range(collapsed[name].shape[-1]):
            centre = sampled[name][..., index].mean()
            first, second = ((draws[name][..., index] - centre) ** moment for draws in (collapsed, sampled))
            error = np.hypot(_error(first), _error(second))
            assert abs(first.mean() - second.mean()) < 4 * error, f"{name}[{index}]"


def _error(values: np.ndarray) -> float:
    """Monte Carlo standard error of the mean."""
    return float(values.std() / np.sqrt(array_stats.ess(values, chain_axis=0, draw_axis=1, method="mean")))
