"""What must every media component keep, a user's own included? The laws of adstock and of saturation, as numbers.

    check_adstock(MY_ADSTOCK)           # silent when every law holds,
    check_saturation(MY_SATURATION)     # else AssertionError with a sentence that names the law

    adstock:     one weight for each lag, finite and not negative, which normalised sum to 1; exposure is conserved;
                 nothing looks ahead; gradients are finite; jit, vmap and a loop over channels agree
    saturation:  zero at zero; each exposure answered by itself; never decreasing; finite, and so are gradients, at zero
                 exposure too; the same agreement

Each law is asked at parameters drawn from the component's own priors, between their 1 % and 99 % quantiles: where the
sampler goes. A component that keeps the laws can be named in a study by its import path.

To add a law, write a function that takes a component and its parameters, and list it in `ADSTOCK_LAWS` or
`SATURATION_LAWS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from mmm.media.adstock import carry_over, lagged, normalised_weights
from mmm.media.component import Adstock, Saturation

__all__ = ["check_adstock", "check_saturation"]

Draws = Mapping[str, Float[Array, " draw"]]
Question = Callable[[Mapping[str, Array]], Array]

QUANTILES = (0.01, 0.99)
"""The part of each prior in which the laws must hold."""
TOLERANCE = 1e-9
EXPOSURE = tuple(np.r_[0.0, np.geomspace(1e-4, 100.0, 60)])
"""Exposure at which a saturation is asked, in units of the channel's typical exposure."""


def check_adstock(component: Adstock, *, max_lag: int = 13, draws: int = 100, seed: int = 0) -> None:
    """Raises `AssertionError` naming the first law that `component` breaks, and the parameters at which it does."""
    parameters = typical_draws(component, draws, seed)
    for law in ADSTOCK_LAWS:
        law(component, parameters, max_lag)


def check_saturation(component: Saturation, *, draws: int = 100, seed: int = 0) -> None:
    """Raises `AssertionError` naming the first law that `component` breaks, and the parameters at which it does."""
    parameters = typical_draws(component, draws, seed)
    for law in SATURATION_LAWS:
        law(component, parameters)


def typical_draws(component: Adstock | Saturation, draws: int, seed: int) -> Draws:
    """Independent prior draws of every parameter, none outside `QUANTILES` of 10,000 of them."""
    keys = jax.random.split(jax.random.key(seed), max(len(component.priors), 1))
    sampled = {}
    for key, (name, prior) in zip(keys, component.priors.items(), strict=False):
        many = np.asarray(jax.jit(lambda one, of=prior: of.sample(one, (10_000,)))(key))
        sampled[name] = jnp.asarray(many[:draws].clip(*np.quantile(many, QUANTILES)))
    return sampled


def weights_are_shares(component: Adstock, parameters: Draws, max_lag: int) -> None:
    """There is one weight for each lag, finite and not negative, and normalised they sum to 1."""
    question = _weights(component, max_lag)
    shape = jax.eval_shape(question, _first(parameters)).shape
    _holds(shape == (max_lag + 1,), component, {}, f"one weight for each lag is needed, not an array of shape {shape}")
    weights = _each(question, parameters)
    _holds(np.isfinite(weights).all(axis=1), component, parameters, "weights must be finite, and not all of them 0")
    _holds((weights >= 0).all(axis=1), component, parameters, "weights must not be negative")
    _holds(np.abs(weights.sum(axis=1) - 1) < TOLERANCE, component, parameters, "weights must sum to 1")


def conserves_and_never_looks_ahead(component: Adstock, parameters: Draws, max_lag: int) -> None:
    """Of early exposure all arrives, and nothing twice; what comes later changes nothing earlier."""
    early = jnp.pad(jnp.arange(1.0, 6.0), (0, max_lag))
    with_later = early.at[5:].add(1000.0)

    def carried(own: Mapping[str, Array]) -> Array:
        paths = lagged(jnp.pad(jnp.stack([early, with_later], axis=-1), ((max_lag, 0), (0, 0))), max_lag)
        return carry_over(paths, _weights(component, max_lag)(own))

    found = _each(carried, parameters)
    total = np.isclose(found[..., 0].sum(axis=1), early.sum())
    _holds(total, component, parameters, "adstock must conserve exposure")
    same = np.isclose(found[:, :5, 0], found[:, :5, 1]).all(axis=1)
    _holds(same, component, parameters, "adstock must never look ahead")


def adstock_has_gradients(component: Adstock, parameters: Draws, max_lag: int) -> None:
    """Each weight's derivative in each parameter is finite."""
    _gradients_are_finite(component, _weights(component, max_lag), parameters)


def adstock_maps_over_channels(component: Adstock, parameters: Draws, max_lag: int) -> None:
    """jit, vmap and a loop over channels give the same weights."""
    _ways_agree(component, _weights(component, max_lag), parameters)


def rises_from_zero(component: Saturation, parameters: Draws) -> None:
    """No exposure brings nothing, more never brings less, and all of it is finite."""
    question = _response(component)
    shape = jax.eval_shape(question, _first(parameters)).shape
    _holds(shape == (len(EXPOSURE),), component, {}, f"response must have exposure's shape, not {shape}")
    response = _each(question, parameters)
    _holds(response[:, 0] == 0, component, parameters, "saturation must be 0 at no exposure")
    _holds(np.isfinite(response).all(axis=1), component, parameters, "saturation must be finite")
    rising = (np.diff(response, axis=1) >= -TOLERANCE * np.abs(response).max(axis=1, keepdims=True)).all(axis=1)
    _holds(rising, component, parameters, "saturation must never decrease")


def answers_each_by_itself(component: Saturation, parameters: Draws) -> None:
    """A period's response is its own, whatever the exposure of other periods and geos."""
    together = _each(_response(component), parameters)
    alone = _each(lambda own: jax.vmap(lambda one: component(one, **own))(jnp.asarray(EXPOSURE)), parameters)
    same = np.isclose(together, alone, rtol=1e-6, atol=TOLERANCE).all(axis=1)
    _holds(same, component, parameters, "each exposure must be answered by itself")


def saturation_has_gradients(component: Saturation, parameters: Draws) -> None:
    """Derivatives in exposure, at no exposure too, and in each parameter are finite."""
    slope = jax.vmap(jax.grad(lambda one, own: component(one, **own)), in_axes=(0, None))
    slopes = _each(lambda own: slope(jnp.asarray(EXPOSURE), own), parameters)
    sentence = "the slope of a saturation must be finite (guard a power or a logarithm of 0 with jnp.where)"
    _holds(np.isfinite(slopes[:, 0]), component, parameters, f"{sentence}, at no exposure too")
    _holds(np.isfinite(slopes).all(axis=1), component, parameters, sentence)
    _gradients_are_finite(component, _response(component), parameters)


def saturation_maps_over_channels(component: Saturation, parameters: Draws) -> None:
    """jit, vmap and a loop over channels give the same response."""
    _ways_agree(component, _response(component), parameters)


ADSTOCK_LAWS: tuple[Callable[[Adstock, Draws, int], None], ...] = (
    weights_are_shares,
    conserves_and_never_looks_ahead,
    adstock_has_gradients,
    adstock_maps_over_channels,
)
SATURATION_LAWS: tuple[Callable[[Saturation, Draws], None], ...] = (
    rises_from_zero,
    answers_each_by_itself,
    saturation_has_gradients,
    saturation_maps_over_channels,
)


def _weights(component: Adstock, max_lag: int) -> Question:
    return lambda own: normalised_weights(component, max_lag, dict(own))


def _response(component: Saturation) -> Question:
    return lambda own: component(jnp.asarray(EXPOSURE), **own)


def _gradients_are_finite(component: Adstock | Saturation, question: Question, parameters: Draws) -> None:
    for name, slopes in jax.jit(jax.vmap(jax.jacfwd(question)))(dict(parameters)).items() if parameters else ():
        finite = np.isfinite(slopes).all(axis=1)
        _holds(finite, component, parameters, f"derivatives in `{name}` must be finite, or the sampler gets stuck")


def _ways_agree(component: Adstock | Saturation, question: Question, parameters: Draws) -> None:
    """The first few draws in a loop against all at once, both compiled."""
    compiled = jax.jit(question)
    few = range(min(5, _count(parameters)))
    loop = np.stack([compiled({name: values[index] for name, values in parameters.items()}) for index in few])
    together = _each(question, parameters)[: len(few)]
    same = np.isclose(together, loop, rtol=1e-6, atol=TOLERANCE).all(axis=1)
    _holds(same, component, parameters, "vmap must give what one channel at a time gives")


def _each(question: Question, parameters: Draws) -> Float[np.ndarray, "draw *answer"]:
    """`question` answered at every draw, compiled; once where the component has no parameters."""
    return np.asarray(jax.jit(jax.vmap(question, axis_size=_count(parameters)))(dict(parameters)))


def _first(parameters: Draws) -> dict[str, Array]:
    return {name: values[0] for name, values in parameters.items()}


def _count(parameters: Draws) -> int:
    return len(next(iter(parameters.values()))) if parameters else 1


def _holds(
    held: bool | np.bool | Bool[np.ndarray, " asked"], component: Adstock | Saturation, parameters: Draws, law: str
) -> None:
    """Raises unless the law held at every draw; not an `assert` statement, which `python -O` would drop."""
    broken = np.flatnonzero(np.atleast_1d(np.logical_not(held)))
    if len(broken):
        at = ", ".join(f"{name} {float(values[broken[0]]):.4g}" for name, values in parameters.items())
        place = f" (at {at}, and {len(broken) - 1} more draws of its priors)" if at else ""
        raise AssertionError(f"`{component.name}`: {law}{place}.")
