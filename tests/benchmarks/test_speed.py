"""What does a fit cost? Gradients by the size of the panel, what integrating the baseline out is worth, and what is
asked of the posterior afterwards.

Run with `make bench`. Seconds are printed; what is asserted are ratios, which a busy machine changes less.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest
import xarray as xr
from arviz_stats.base import array_stats
from numpyro.infer import MCMC, NUTS
from numpyro.infer.util import initialize_model
from threadpoolctl import threadpool_limits

import mmm
from mmm.data import panel_from_frame
from mmm.data.simulate import DEFAULT_CHANNELS, TrueChannel, simulate
from mmm.insight.prior import prior_draws
from mmm.model.fit import Model, model_of
from mmm.model.likelihood import mix_model

pytestmark = pytest.mark.benchmark

REPEATS = 40


@pytest.fixture(autouse=True)
def one_blas_thread() -> object:
    with threadpool_limits(1, user_api="blas"):
        yield


AFTER = {"M": (10, 8, 1.0), "L": (50, 10, 2.0)}
"""Geos and channels of a panel of 156 weeks, and the goal in seconds for what is asked of 4,000 draws."""


def model(geos: int, weeks: int = 156) -> Model:
    market = simulate(seed=3, weeks=weeks, geos=geos)
    return model_of(panel_from_frame(market.frame, mmm.load_study(market.study())))


def gradient_seconds(model: Model) -> float:
    """Seconds of one gradient of one chain, the median of three rounds."""
    structure, arrays, _ = model
    ready = initialize_model(jax.random.key(0), partial(mix_model, structure), model_args=(arrays,), dynamic_args=True)

    def round_trip(place: dict[str, jax.Array], arrays: object) -> dict[str, jax.Array]:
        def step(_: int, place: dict[str, jax.Array]) -> dict[str, jax.Array]:
            slope = jax.grad(lambda at: ready.potential_fn(arrays)(at))(place)
            return jax.tree.map(lambda at, down: at - 1e-9 * down, place, slope)

        return jax.lax.fori_loop(0, REPEATS, step, place)

    compiled = jax.jit(round_trip)
    jax.block_until_ready(compiled(ready.param_info.z, arrays))
    rounds = []
    for _ in range(3):
        started = time.perf_counter()
        jax.block_until_ready(compiled(ready.param_info.z, arrays))
        rounds.append((time.perf_counter() - started) / REPEATS)
    return float(np.median(rounds))


def test_a_gradient_costs_in_proportion_to_the_panel() -> None:
    geos = [1, 10, 20, 40]
    seconds = {count: gradient_seconds(model(count)) for count in geos}
    for count, taken in seconds.items():
        print(f"\n{count:3d} geos x 156 weeks: {1e6 * taken:7.0f} us a gradient", end="")
    weeks = {count: gradient_seconds(model(10, weeks=count)) for count in (104, 208)}
    print(f"\n10 geos x 104 and 208 weeks: {1e6 * weeks[104]:.0f} and {1e6 * weeks[208]:.0f} us")
    assert seconds[40] < 6 * seconds[10]
    assert weeks[208] < 3 * weeks[104]


def test_integrating_the_baseline_out_pays() -> None:
    """Effective draws of the least certain channel's share a second, same sampler, same posterior, both compiled."""
    structure, arrays, _ = model(1)
    rates = {}
    for collapse in (True, False):
        kernel = NUTS(partial(mix_model, structure, collapse=collapse))
        sampler = MCMC(kernel, num_warmup=300, num_samples=300, num_chains=2, progress_bar=False)
        sampler.run(jax.random.key(1), arrays)
        started = time.perf_counter()
        sampler.run(jax.random.key(2), arrays)
        draws = sampler.get_samples(group_by_chain=True)["log_share"]
        seconds = time.perf_counter() - started
        effective = [array_stats.ess(draws[..., index], chain_axis=0, draw_axis=1) for index in range(draws.shape[-1])]
        rates[collapse] = float(min(effective)) / seconds
        print(f"\nintegrated out: {collapse}, {seconds:.1f} s, {rates[collapse]:.1f} effective draws a second", end="")
    assert rates[True] > 2 * rates[False]


@pytest.mark.parametrize("size", AFTER)
def test_contributions_returns_and_curves_of_all_draws(size: str) -> None:
    """Compiled already, of draws that nothing was asked of before; draws are the prior's, curves are of 1,000."""
    geos, channels, goal = AFTER[size]
    made = [replace(DEFAULT_CHANNELS[i % 4], name=f"channel{i}", share=1 / channels) for i in range(channels)]
    first, second = (posterior(geos, made, seed) for seed in (1, 2))
    asked(first)
    started = time.perf_counter()
    parts = asked(second)
    taken = time.perf_counter() - started
    told = ", ".join(f"{name} {seconds:.2f}" for name, seconds in parts.items())
    print(f"\n{size}, {geos} geos x 156 weeks x {channels} channels: {taken:.2f} s, goal {goal:g} ({told})", end="")
    assert parts["roi"] + parts["mroi"] < 0.5 * parts["contribution"]


def posterior(geos: int, channels: list[TrueChannel], seed: int) -> xr.DataTree:
    market = simulate(seed=3, weeks=156, geos=geos, channels=channels)
    return prior_draws(panel_from_frame(market.frame, mmm.load_study(market.study())), draws=4000, seed=seed)


def asked(fit: xr.DataTree) -> dict[str, float]:
    """Seconds of each question."""
    questions = {"contribution": mmm.contribution, "roi": mmm.roi, "mroi": mmm.mroi, "curves": mmm.response_curves}
    seconds = {}
    for name, question in questions.items():
        started = time.perf_counter()
        assert np.isfinite(question(fit)).all()
        seconds[name] = time.perf_counter() - started
    return seconds
