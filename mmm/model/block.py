"""What is a block of baseline columns, and how far may its coefficients move? Columns, and a rule for their prior.

    coefficient ~ Normal(mean, sd * scale)          scale is 1, or sampled by the block's rule:

    a number s          scale ~ HalfNormal(s), one for all columns
    Horseshoe           scale_j = tau lambda_j slab / sqrt(slab^2 + tau^2 lambda_j^2)
                        tau ~ HalfCauchy(size), lambda_j ~ HalfCauchy(1)
    Decaying            scale_j = size order_j^-decay: harmonics, the higher the smaller
                        size ~ HalfNormal(s), decay ~ LogNormal
    Smooth              scale_j = amplitude sqrt(S(frequency_j)): a Gaussian process, S the Matern 5/2 spectral density

Whatever the rule, columns stay linear and Gaussian given their scales, so `mmm.model.collapse` integrates them out:
only the rule's own few numbers are sampled.

To add a rule, give it `sites` (what it samples, by name), `scale` (those draws to scales) and `centre` (where chains
start), and use it as a block's `scale_prior`.

Sources: regularised horseshoe, Piironen and Vehtari (2017), "Sparsity information and regularization in the horseshoe
and other shrinkage priors"; Hilbert space Gaussian process, Riutort-Mayol et al. (2023), "Practical Hilbert space
approximate Bayesian Gaussian processes for probabilistic programming".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array, Float

from mmm import engine as engine

Draw = Mapping[str, Array]


@dataclass(frozen=True)
class Learned:
    """One scale for all columns: the block is flexible, and vanishes where the data do not ask for it."""

    size: float

    def sites(self, name: str, columns: int) -> dict[str, dist.Distribution]:
        return {f"scale_{name}": dist.HalfNormal(self.size)}

    def scale(self, name: str, columns: int, draw: Draw) -> Array:
        return draw[f"scale_{name}"]

    def centre(self, name: str, columns: int) -> dict[str, Array]:
        return {f"scale_{name}": 0.5 * jnp.asarray(self.size)}


@dataclass(frozen=True)
class Horseshoe:
    """A scale for each column, nearly all near 0: for many columns of which few matter. None exceeds `slab`."""

    size: float
    slab: float

    def sites(self, name: str, columns: int) -> dict[str, dist.Distribution]:
        return {f"scale_{name}": dist.HalfCauchy(self.size), f"local_{name}": dist.HalfCauchy(jnp.ones(columns))}

    def scale(self, name: str, columns: int, draw: Draw) -> Array:
        free = draw[f"scale_{name}"] * draw[f"local_{name}"]
        return free / jnp.sqrt(1.0 + (free / self.slab) ** 2)

    def centre(self, name: str, columns: int) -> dict[str, Array]:
        return {f"scale_{name}": jnp.asarray(self.size), f"local_{name}": jnp.ones(columns)}


@dataclass(frozen=True)
class Decaying:
    """Scales that fall with the order of a harmonic, as fast as the data say: few waves or a jagged year."""

    size: float
    decay: tuple[float, float]
    orders: tuple[int, ...]

    def sites(self, name: str, columns: int) -> dict[str, dist.Distribution]:
        return {f"scale_{name}": dist.HalfNormal(self.size), f"decay_{name}": dist.LogNormal(*self.decay)}

    def scale(self, name: str, columns: int, draw: Draw) -> Array:
        return draw[f"scale_{name}"] * jnp.asarray(self.orders, float) ** -draw[f"decay_{name}"]

    def centre(self, name: str, columns: int) -> dict[str, Array]:
        return {f"scale_{name}": 0.5 * jnp.asarray(self.size), f"decay_{name}": jnp.exp(self.decay[0])}


@dataclass(frozen=True)
class Smooth:
    """Scales that make sine waves a Gaussian process with a Matern 5/2 kernel; `half_width` is that of their domain."""

    amplitude: float
    lengthscale: tuple[float, float]
    half_width: float

    def sites(self, name: str, columns: int) -> dict[str, dist.Distribution]:
        return {
            f"scale_{name}": dist.HalfNormal(self.amplitude),
            f"lengthscale_{name}": dist.LogNormal(*self.lengthscale),
        }

    def scale(self, name: str, columns: int, draw: Draw) -> Array:
        frequency = jnp.arange(1, columns + 1) * jnp.pi / (2.0 * self.half_width)
        inverse = jnp.sqrt(5.0) / draw[f"lengthscale_{name}"]
        density = 16.0 / 3.0 * inverse**5 / (inverse**2 + frequency**2) ** 3
        return draw[f"scale_{name}"] * jnp.sqrt(density)

    def centre(self, name: str, columns: int) -> dict[str, Array]:
        return {
            f"scale_{name}": 0.5 * jnp.asarray(self.amplitude),
            f"lengthscale_{name}": jnp.exp(self.lengthscale[0]),
        }


Rule = Learned | Horseshoe | Decaying | Smooth
Shape = tuple[str, int, float | Horseshoe | Decaying | Smooth | None]
"""A block as it is compiled in: its name, its number of columns, its rule."""


@dataclass(frozen=True)
class Block:
    """Columns, `(time, column)` where all geos share them, with prior `Normal(mean, sd)`, times a learned scale where
    `scale_prior` is given."""

    name: str
    labels: tuple[str, ...]
    columns: Float[np.ndarray, "time *geo column"]
    mean: Float[np.ndarray, " column"]
    sd: Float[np.ndarray, " column"]
    scale_prior: float | Horseshoe | Decaying | Smooth | None = None

    @property
    def shape(self) -> Shape:
        """What of the block is compiled in."""
        return self.name, len(self.labels), self.scale_prior


def waves(time: Float[np.ndarray, " time"], half_width: float, count: int) -> Float[np.ndarray, "time wave"]:
    """Sine waves on `(-half_width, half_width)`, orthonormal, zero at both ends: columns for `Smooth`."""
    frequency = np.arange(1, count + 1) * np.pi / (2.0 * half_width)
    return np.sin((time[:, None] + half_width) * frequency) / np.sqrt(half_width)


def sample_scales(blocks: Sequence[Shape]) -> dict[str, Array]:
    """Everything the rules of `blocks` sample, from their priors, in NumPyro."""
    return {
        site: numpyro.sample(site, prior)
        for name, columns, rule in _ruled(blocks)
        for site, prior in rule.sites(name, columns).items()
    }


def column_scales(blocks: Sequence[Shape], draw: Draw) -> Float[Array, " column"]:
    """The scale of every column, given what the rules sampled; 1 where a block has no rule."""
    given = {name: rule.scale(name, columns, draw) for name, columns, rule in _ruled(blocks)}
    return jnp.concatenate([jnp.broadcast_to(given.get(name, jnp.ones(())), (n,)) for name, n, _ in blocks])


def centre_of_scales(blocks: Sequence[Shape]) -> dict[str, Array]:
    """Where chains start."""
    return {site: value for name, columns, rule in _ruled(blocks) for site, value in rule.centre(name, columns).items()}


def _ruled(blocks: Sequence[Shape]) -> list[tuple[str, int, Rule]]:
    return [
        (name, columns, Learned(rule) if isinstance(rule, float) else rule)
        for name, columns, rule in blocks
        if rule is not None
    ]
