"""How is a posterior drawn? NUTS, one chain a device, in chunks of one compiled program.

Warm-up and draws run through the same program, `CHUNK` steps at a time: it compiles once, takes the data as an argument
(so a refit of the same shape finds it in the compile cache), and reports progress between chunks. With several geos
the first third of the warm-up is a pilot, which says how to centre their differences (`mmm.model.centring`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpyro.infer import NUTS
from numpyro.infer.util import unconstrain_fn

from mmm.model.centring import CENTRING, learned, recentred
from mmm.model.likelihood import mix_model, prior_centre
from mmm.model.spec import Arrays, Structure

CHUNK = 100
TARGET_ACCEPTANCE = {False: 0.8, True: 0.9}
"""By whether there are several geos: their spreads may be near zero, where a larger step diverges."""
MAX_TREE_DEPTH = (6, 9)
"""During warm-up, when long trajectories teach little, and after it."""
JITTER = 0.3
"""Standard deviation of the starting points around the centre of the priors, on the unconstrained scale."""

Progress = Callable[[str, int, int], None]
"""Called as `progress("sampling", steps_done, steps_in_all)`."""


class Draws(NamedTuple):
    """Sampled parameters `(chain, draw, ...)` and the sampler's own statistics `(chain, draw)`."""

    values: dict[str, Array]
    diverging: Array
    steps: Array
    acceptance: Array


def draw_posterior(
    structure: Structure,
    arrays: Arrays,
    seed: int,
    chains: int,
    warmup: int,
    draws: int,
    progress: Progress | None = None,
) -> Draws:
    """Draws of the sampled parameters; the same seed gives the same draws."""
    pilot = _whole_chunks(warmup // 3) if len(structure.geos) > 1 else 0
    warmup, steps = _whole_chunks(warmup - pilot), _whole_chunks(draws)
    whole, done = pilot + warmup + steps, 0
    program = _program(structure, chains, warmup)
    keys = jax.random.split(jax.random.PRNGKey(seed), chains)

    def chunks(state: Any, arrays: Arrays, steps: int) -> tuple[Any, list[Any]]:
        nonlocal done
        collected = []
        for _ in range(0, steps, CHUNK):
            state, chunk = program.advance(state, arrays)
            collected.append(jax.device_get(jax.block_until_ready(chunk)))
            done += CHUNK
            if progress:
                progress("sampling", done, whole)
        return state, collected

    start = program.start(keys, arrays)
    if pilot:
        state, tried = chunks(program.begin((keys, start), arrays), arrays, pilot)
        centring = learned(
            np.exp(tried[-1][0]["geo_spread"]), tried[-1][0]["geo_contrast"], np.asarray(arrays.centring)
        )
        start = recentred(jax.device_get(state.z), np.asarray(arrays.centring), centring)
        arrays = arrays._replace(centring=jnp.asarray(centring))
    state, _ = chunks(program.begin((keys, start), arrays), arrays, warmup)
    _, collected = chunks(state, arrays, steps)
    unconstrained, *statistics = jax.tree.map(lambda *parts: np.concatenate(parts, axis=1)[:, :draws], *collected)
    if pilot:
        unconstrained = recentred(unconstrained, centring, np.full_like(centring, CENTRING))
    return Draws(program.constrain(unconstrained, arrays), *statistics)


class _Program(NamedTuple):
    """What is compiled for a structure, once a process for each shape of its arrays."""

    start: Callable[[Array, Arrays], Any]
    begin: Callable[[tuple[Array, Any], Arrays], Any]
    advance: Callable[[Any, Arrays], Any]
    constrain: Callable[[Any, Arrays], dict[str, Array]]


@lru_cache(maxsize=8)
def _program(structure: Structure, chains: int, warmup: int) -> _Program:
    kernel = NUTS(
        partial(mix_model, structure),
        target_accept_prob=TARGET_ACCEPTANCE[len(structure.geos) > 1],
        max_tree_depth=MAX_TREE_DEPTH,
    )

    def constrain(unconstrained: Any, arrays: Arrays) -> dict[str, Array]:
        return jax.vmap(jax.vmap(kernel.postprocess_fn((arrays,), {})))(unconstrained)

    return _Program(
        jax.jit(jax.vmap(partial(_start, structure), in_axes=(0, None))),
        _on_devices(lambda given, arrays: kernel.init(given[0], warmup, given[1], (arrays,), {}), chains),
        _on_devices(partial(_advance, kernel), chains),
        jax.jit(constrain),
    )


def _start(structure: Structure, key: Array, arrays: Arrays) -> dict[str, Array]:
    """Where a chain starts: the centre of the priors, jittered so that chains start apart."""
    centre = unconstrain_fn(partial(mix_model, structure), (arrays,), {}, prior_centre(structure, arrays))
    names = sorted(centre)
    noise = dict(zip(names, jax.random.split(key, len(names)), strict=True))
    return {name: centre[name] + JITTER * jax.random.normal(noise[name], centre[name].shape) for name in names}


def _advance(kernel: NUTS, state: Any, arrays: Arrays) -> tuple[Any, tuple[Any, ...]]:
    def step(state: Any, _: None) -> tuple[Any, tuple[Any, ...]]:
        state = kernel.sample(state, (arrays,), {})
        return state, (state.z, state.diverging, state.num_steps, state.accept_prob)

    return jax.lax.scan(step, state, None, length=CHUNK)


def _on_devices(one_chain: Callable[[Any, Arrays], Any], chains: int) -> Callable[[Any, Arrays], Any]:
    """`one_chain(state, arrays)` over chains: in parallel where there are devices enough, else one after the other."""
    if jax.local_device_count() >= chains:
        return jax.pmap(one_chain, in_axes=(0, None), devices=jax.local_devices()[:chains])
    return jax.jit(lambda states, arrays: jax.lax.map(lambda state: one_chain(state, arrays), states))


def _whole_chunks(steps: int) -> int:
    return -(-steps // CHUNK) * CHUNK
