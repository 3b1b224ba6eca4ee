"""How is a posterior drawn? NUTS, one chain a device, in chunks of one compiled program.

Warm-up and draws run through the same program, `CHUNK` steps at a time: it compiles once, takes the data as an argument
(so a refit of the same shape finds it in the compile cache), and reports progress between chunks. After each chunk of
the warm-up all chains together learn how far to step (`mmm.model.metric`) and, with several geos, how to centre their
differences (`mmm.model.centring`); the chunk that follows learns a step size for it. Chunks are short, and so are the
trajectories of the warm-up: what is learned early from chains that are still on their way is soon learned again.

A step handles two vectors, not thirty small arrays (`mmm.model.vectors`), and no program computes what another does:
most of a first fit's time is compiling.
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
from numpyro.infer.util import ParamInfo, constrain_fn, potential_energy, unconstrain_fn

from mmm.model.centring import CENTRING, gradient_recentred, learned_centring, recentred
from mmm.model.likelihood import mix_model, owners, prior_centre
from mmm.model.metric import Metric, learned, unknown
from mmm.model.spec import Arrays, Structure
from mmm.model.vectors import OTHERS, OWN, Layout, Vectors, packed, unpacked

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

FREE = 1e10
"""The potential that a chunk of the warm-up starts with; see `_program`."""

Progress = Callable[[str, int, int], None]
"""Called as `progress("sampling", steps_done, steps_in_all)`."""


class Draws(NamedTuple):
    """Sampled parameters `(chain, draw, ...)` and the sampler's own statistics `(chain, draw)`."""

    values: dict[str, Array]
    diverging: Array
    steps: Array
    acceptance: Array


class _Chunk(NamedTuple):
    """`CHUNK` steps of all chains: unconstrained values, gradients of the potential there, and statistics."""

    values: Vectors
    gradient: Vectors
    diverging: np.ndarray
    steps: np.ndarray
    acceptance: np.ndarray


class _Seen(NamedTuple):
    """The steps of the warm-up that the next metric is learned from, all at one centring."""

    values: Vectors
    gradient: Vectors


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
    layout = _layout(structure, arrays)
    program = _program(structure, layout, chains)
    program = program._replace(advance=_counting(program.advance, rounds + chunks, progress))
    state, arrays = _warmed_up(program, structure, layout, arrays, seed, chains, rounds)
    drawn = []
    for _ in range(chunks):
        state, chunk = program.advance(state, arrays)
        drawn.append(chunk._replace(gradient={}))
    whole = _Chunk(*jax.tree.map(lambda *parts: np.concatenate(parts, axis=1)[:, :draws], *drawn))
    values, own = unpacked(whole.values, layout), np.asarray(arrays.centring)
    if "geo_contrast" in values:
        values = recentred(values, own, np.full_like(own, CENTRING))
    statistics = map(jnp.asarray, (whole.diverging, whole.steps, whole.acceptance))
    return Draws(program.constrain(values, arrays), *statistics)


def _warmed_up(
    program: _Program, structure: Structure, layout: Layout, arrays: Arrays, seed: int, chains: int, rounds: int
) -> tuple[Any, Arrays]:
    """The chains after `rounds` chunks of learning, and the arrays with the centring that was learned."""
    keys = jax.device_get(jax.random.split(jax.random.PRNGKey(seed), chains))
    start = _start(packed(jax.device_get(program.centre(arrays)), layout), chains, seed)
    channels, seen, step_size = owners(structure), None, np.ones(())
    channel = np.concatenate([np.asarray(channels[name]) for name, _ in layout.own])
    metric = unknown(start)
    for done in range(1, rounds + 1):
        given = (keys, start)  # always from the host: what lies on a device otherwise compiles again
        state, chunk = program.advance(program.begin(given, (metric, step_size)), arrays)
        adapted = state.adapt_state
        step_size = np.exp(np.log(adapted.step_size).mean())
        if done < rounds:
            seen = _latest(seen, chunk, done * CHUNK // 2)
            arrays, seen = _recentred(arrays, seen, layout)
            metric = learned(seen.values, seen.gradient, channel)
            keys, start = jax.device_get(state.rng_key), {name: values[:, -1] for name, values in seen.values.items()}
    common = jax.device_put(np.full(chains, step_size), adapted.step_size.sharding)
    return state._replace(adapt_state=adapted._replace(step_size=common)), arrays


def _start(centre: Vectors, chains: int, seed: int) -> Vectors:
    """Where chains start: the centre of the priors, jittered so that they start apart."""
    random = np.random.default_rng(seed)
    return {name: values + JITTER * random.normal(size=(chains, values.size)) for name, values in centre.items()}


def _latest(seen: _Seen | None, chunk: _Chunk, steps: int) -> _Seen:
    """The last `steps` of what was `seen` so far and of `chunk`."""
    new = _Seen(chunk.values, chunk.gradient)
    together = jax.tree.map(lambda *parts: np.concatenate(parts, axis=1), seen, new) if seen else new
    return _Seen(*jax.tree.map(lambda values: values[:, -steps:], together))


def _recentred(arrays: Arrays, seen: _Seen, layout: Layout) -> tuple[Arrays, _Seen]:
    """The arrays with the centring that the draws ask for, and the draws at that centring."""
    values, gradient = (unpacked(vectors, layout) for vectors in seen)
    if "geo_contrast" not in values:
        return arrays, seen
    before = np.asarray(arrays.centring)
    after = learned_centring(np.exp(values["geo_spread"]), values["geo_contrast"], before)
    gradient = gradient_recentred(values, gradient, before, after)
    moved = (recentred(values, before, after), gradient)
    return arrays._replace(centring=jnp.asarray(after)), _Seen(*(packed(each, layout) for each in moved))


def _layout(structure: Structure, arrays: Arrays) -> Layout:
    """Which parameters there are."""
    shapes = {name: value.shape for name, value in jax.eval_shape(partial(_centre, structure), arrays).items()}
    own = tuple(owners(structure))
    others = sorted(set(shapes) - set(own))
    return Layout(tuple((name, shapes[name]) for name in own), tuple((name, shapes[name]) for name in others))


def _centre(structure: Structure, arrays: Arrays) -> dict[str, Array]:
    """The centre of the priors, unconstrained."""
    return unconstrain_fn(partial(mix_model, structure), (arrays,), {}, prior_centre(structure, arrays))


class _Program(NamedTuple):
    """What is compiled for a structure, once a process for each shape of its arrays."""

    centre: Callable[[Arrays], dict[str, Array]]
    begin: Callable[[tuple[np.ndarray, Vectors], tuple[Metric, np.ndarray]], Any]
    advance: Callable[[Any, Arrays], tuple[Any, _Chunk]]
    constrain: Callable[[Any, Arrays], dict[str, Array]]


@lru_cache(maxsize=8)
def _program(structure: Structure, layout: Layout, chains: int) -> _Program:
    model = partial(mix_model, structure)

    def potential(arrays: Arrays | None) -> Callable[[Vectors], Array]:
        return lambda vectors: potential_energy(model, (arrays,), {}, unpacked(vectors, layout))

    first, following = hmc(potential_fn_gen=potential)

    def begin(given: Any, context: Any) -> Any:
        """A chain's state where a chunk of the warm-up starts.

        The potential and its gradient there are not asked for, for they would be a second program as large as a step's.
        The first step is free of them: it goes where its momentum leads, is accepted, and brings both.
        """
        (key, start), (metric, step_size) = given, context
        state = first(
            ParamInfo(start, jnp.asarray(FREE), jax.tree.map(jnp.zeros_like, start)),
            CHUNK,
            step_size,
            inverse_mass_matrix={(OWN,): metric.own, (OTHERS,): metric.others},
            adapt_mass_matrix=False,
            dense_mass=[(OWN,)],
            target_accept_prob=TARGET_ACCEPTANCE[len(structure.geos) > 1],
            max_tree_depth=MAX_TREE_DEPTH,
            model_args=(None,),
            rng_key=key,
        )
        return state._replace(adapt_state=state.adapt_state._replace(window_idx=ONE_WINDOW))

    def constrain(unconstrained: Any, arrays: Arrays) -> dict[str, Array]:
        return jax.vmap(jax.vmap(partial(constrain_fn, model, (arrays,), {})))(unconstrained)

    return _Program(
        jax.jit(partial(_centre, structure)),
        _on_devices(begin, chains),
        _on_devices(partial(_advance, following), chains),
        jax.jit(constrain),
    )


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
