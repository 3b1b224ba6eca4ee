"""How is a posterior drawn? NUTS, one chain a device, in chunks of one compiled program.

Warm-up and draws run through the same program, `CHUNK` steps at a time: it compiles once, takes the data as an argument
(so a refit of the same shape finds it in the compile cache), and reports progress between chunks. After each chunk of
the warm-up all chains together learn how far to step (`mmm.model.metric`) and, with several geos, how to centre their
differences (`mmm.model.centring`); the chunk that follows learns a step size for it. Chunks are short, and so are the
trajectories of the warm-up: what is learned early from chains that are still on their way is soon learned again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpyro.infer.hmc import hmc
from numpyro.infer.util import constrain_fn, potential_energy, unconstrain_fn

from mmm.model.centring import CENTRING, gradient_recentred, learned_centring, recentred
from mmm.model.likelihood import mix_model, owners, prior_centre
from mmm.model.metric import Metric, Owners, learned, unknown
from mmm.model.spec import Arrays, Structure

CHUNK = 50
"""Steps between two metrics, and between two reports of progress."""
TARGET_ACCEPTANCE = {False: 0.8, True: 0.9}
"""By whether there are several geos: their spreads may be near zero, where a larger step diverges."""
MAX_TREE_DEPTH = (4, 9)
"""During warm-up, when long trajectories teach little, and after it."""
ONE_WINDOW = 2
"""NumPyro's last window of adaptation: within a chunk the step size is learned once, for a metric that stays."""
JITTER = 0.3
"""Standard deviation of the starting points around the centre of the priors, on the unconstrained scale."""

Progress = Callable[[str, int, int], None]
"""Called as `progress("sampling", steps_done, steps_in_all)`."""
Values = dict[str, np.ndarray]


class Draws(NamedTuple):
    """Sampled parameters `(chain, draw, ...)` and the sampler's own statistics `(chain, draw)`."""

    values: dict[str, Array]
    diverging: Array
    steps: Array
    acceptance: Array


class _Chunk(NamedTuple):
    """`CHUNK` steps of all chains: unconstrained values, gradients of the potential there, and statistics."""

    values: Values
    gradient: Values
    diverging: np.ndarray
    steps: np.ndarray
    acceptance: np.ndarray


class _Seen(NamedTuple):
    """The steps of the warm-up that the next metric is learned from, all at one centring."""

    values: Values
    gradient: Values


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
    rounds, chunks = _chunks(warmup), _chunks(draws)
    program = _program(structure, chains)
    program = program._replace(advance=_counting(program.advance, rounds + chunks, progress))
    keys = jax.random.split(jax.random.PRNGKey(seed), chains)
    state, arrays = _warmed_up(program, owners(structure), arrays, keys, rounds)
    drawn = []
    for _ in range(chunks):
        state, chunk = program.advance(state, arrays)
        drawn.append(chunk._replace(gradient={}))
    whole = _Chunk(*jax.tree.map(lambda *parts: np.concatenate(parts, axis=1)[:, :draws], *drawn))
    values, own = whole.values, np.asarray(arrays.centring)
    if "geo_contrast" in values:
        values = recentred(values, own, np.full_like(own, CENTRING))
    statistics = map(jnp.asarray, (whole.diverging, whole.steps, whole.acceptance))
    return Draws(program.constrain(values, arrays), *statistics)


def _warmed_up(program: _Program, channels: Owners, arrays: Arrays, keys: Array, rounds: int) -> tuple[Any, Arrays]:
    """The chains after `rounds` chunks of learning, and the arrays with the centring that was learned."""
    start, seen, step_size = program.start(keys, arrays), None, np.ones(())
    metric = unknown({name: values[0].size for name, values in start.items()}, channels)
    for done in range(1, rounds + 1):
        given = jax.device_get((keys, start))  # always from the host: what lies on a device otherwise compiles again
        state, chunk = program.advance(program.begin(given, (arrays, metric, step_size)), arrays)
        adapted = state.adapt_state
        step_size = np.exp(np.log(adapted.step_size).mean())
        if done < rounds:
            seen = _latest(seen, chunk, done * CHUNK // 2)
            arrays, seen = _recentred(arrays, seen)
            metric = learned(seen.values, seen.gradient, channels)
            keys, start = state.rng_key, {name: values[:, -1] for name, values in seen.values.items()}
    common = jax.device_put(np.full(len(keys), step_size), adapted.step_size.sharding)
    return state._replace(adapt_state=adapted._replace(step_size=common)), arrays


def _latest(seen: _Seen | None, chunk: _Chunk, steps: int) -> _Seen:
    """The last `steps` of what was `seen` so far and of `chunk`."""
    new = _Seen(chunk.values, chunk.gradient)
    together = jax.tree.map(lambda *parts: np.concatenate(parts, axis=1), seen, new) if seen else new
    return _Seen(*jax.tree.map(lambda values: values[:, -steps:], together))


def _recentred(arrays: Arrays, seen: _Seen) -> tuple[Arrays, _Seen]:
    """The arrays with the centring that the draws ask for, and the draws at that centring."""
    if "geo_contrast" not in seen.values:
        return arrays, seen
    before = np.asarray(arrays.centring)
    after = learned_centring(np.exp(seen.values["geo_spread"]), seen.values["geo_contrast"], before)
    gradient = gradient_recentred(seen.values, seen.gradient, before, after)
    return arrays._replace(centring=jnp.asarray(after)), _Seen(recentred(seen.values, before, after), gradient)


class _Program(NamedTuple):
    """What is compiled for a structure, once a process for each shape of its arrays."""

    start: Callable[[Array, Arrays], Any]
    begin: Callable[[tuple[Array, Any], tuple[Arrays, Metric, np.ndarray]], Any]
    advance: Callable[[Any, Arrays], tuple[Any, _Chunk]]
    constrain: Callable[[Any, Arrays], dict[str, Array]]


@lru_cache(maxsize=8)
def _program(structure: Structure, chains: int) -> _Program:
    model = partial(mix_model, structure)
    first, following = hmc(potential_fn_gen=lambda arrays: partial(potential_energy, model, (arrays,), {}))

    def begin(given: Any, context: Any) -> Any:
        (key, start), (arrays, metric, step_size) = given, context
        state = first(
            start,
            CHUNK,
            step_size,
            inverse_mass_matrix=dict(metric),
            adapt_mass_matrix=False,
            dense_mass=[tuple(owners(structure))],
            target_accept_prob=TARGET_ACCEPTANCE[len(structure.geos) > 1],
            max_tree_depth=MAX_TREE_DEPTH,
            model_args=(arrays,),
            rng_key=key,
        )
        return state._replace(adapt_state=state.adapt_state._replace(window_idx=ONE_WINDOW))

    def constrain(unconstrained: Any, arrays: Arrays) -> dict[str, Array]:
        return jax.vmap(jax.vmap(partial(constrain_fn, model, (arrays,), {})))(unconstrained)

    return _Program(
        jax.jit(jax.vmap(partial(_start, structure), in_axes=(0, None))),
        _on_devices(begin, chains),
        _on_devices(partial(_advance, following), chains),
        jax.jit(constrain),
    )


def _start(structure: Structure, key: Array, arrays: Arrays) -> dict[str, Array]:
    """Where a chain starts: the centre of the priors, jittered so that chains start apart."""
    centre = unconstrain_fn(partial(mix_model, structure), (arrays,), {}, prior_centre(structure, arrays))
    names = sorted(centre)
    noise = dict(zip(names, jax.random.split(key, len(names)), strict=True))
    return {name: centre[name] + JITTER * jax.random.normal(noise[name], centre[name].shape) for name in names}


def _advance(following: Callable[..., Any], state: Any, arrays: Arrays) -> tuple[Any, _Chunk]:
    def step(state: Any, _: None) -> tuple[Any, _Chunk]:
        state = following(state, (arrays,))
        return state, _Chunk(state.z, state.z_grad, state.diverging, state.num_steps, state.accept_prob)

    return jax.lax.scan(step, state, None, length=CHUNK)


def _on_devices(one_chain: Callable[[Any, Any], Any], chains: int) -> Callable[[Any, Any], Any]:
    """`one_chain(state, context)` over chains: in parallel where there are devices enough, else one after the other."""
    if jax.local_device_count() >= chains:
        return jax.pmap(one_chain, in_axes=(0, None), devices=jax.local_devices()[:chains])
    return jax.jit(lambda states, context: jax.lax.map(lambda state: one_chain(state, context), states))


def _counting(
    advance: Callable[[Any, Arrays], tuple[Any, _Chunk]], chunks: int, progress: Progress | None
) -> Callable[[Any, Arrays], tuple[Any, _Chunk]]:
    """`advance` that brings its chunk to the host, and reports how many of `chunks` are done."""
    done = 0

    def advance_one(state: Any, arrays: Arrays) -> tuple[Any, _Chunk]:
        nonlocal done
        state, chunk = advance(state, arrays)
        chunk = jax.device_get(jax.block_until_ready(chunk))
        done += 1
        if progress:
            progress("sampling", done * CHUNK, chunks * CHUNK)
        return state, chunk

    return advance_one


def _chunks(steps: int) -> int:
    return max(1, -(-steps // CHUNK))
