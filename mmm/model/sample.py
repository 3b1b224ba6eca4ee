"""How is a posterior drawn? NUTS, one chain a device, in chunks of one compiled program.

Warm-up and draws run through the same program, `CHUNK` steps at a time: it compiles once, takes the data as an argument
(so a refit of the same shape finds it in the compile cache), and reports progress between chunks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array
from numpyro.infer import NUTS
from numpyro.infer.util import unconstrain_fn

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
    warmup, steps = _whole_chunks(warmup), _whole_chunks(draws)
    program = _program(structure, chains, warmup)
    state = program.begin(jax.random.split(jax.random.PRNGKey(seed), chains), arrays)
    collected = []
    for start in range(0, warmup + steps, CHUNK):
        state, chunk = program.advance(state, arrays)
        jax.block_until_ready(chunk)
        if start >= warmup:
            collected.append(jax.device_get(chunk))
        if progress:
            progress("sampling", start + CHUNK, warmup + steps)
    unconstrained, *statistics = jax.tree.map(lambda *parts: jnp.concatenate(parts, axis=1)[:, :draws], *collected)
    return Draws(program.constrain(unconstrained, arrays), *statistics)


class _Program(NamedTuple):
    """What is compiled for a structure, once a process for each shape of its arrays."""

    begin: Callable[[Array, Arrays], Any]
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
        _on_devices(partial(_begin, kernel, structure, warmup), chains),
        _on_devices(partial(_advance, kernel), chains),
        jax.jit(constrain),
    )


def _begin(kernel: NUTS, structure: Structure, warmup: int, key: Array, arrays: Arrays) -> Any:
    """A chain's first state: the centre of the priors, jittered so that chains start apart."""
    centre = unconstrain_fn(partial(mix_model, structure), (arrays,), {}, prior_centre(structure, arrays))
    names = sorted(centre)
    noise = dict(zip(names, jax.random.split(key, len(names)), strict=True))
    start = {name: centre[name] + JITTER * jax.random.normal(noise[name], centre[name].shape) for name in names}
    return kernel.init(key, warmup, start, (arrays,), {})


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
