"""How far, and along which lines, does the sampler step? A metric that all chains learn together.

A channel's share, half-saturation, slope and carryover trade off against each other: what they do to the KPI together
is known far better than each of them. Steps short enough for the thin directions of such a ridge take hundreds of
gradients to walk along it. So the inverse mass matrix has a dense block for every channel, and is diagonal elsewhere.

A block lies between what draws x say and what gradients g of the log density there say, cov(x) and cov(g)^-1:

    M = their geometric mean,      that is   M cov(g) M = cov(x)

Where the posterior is Gaussian that is its covariance, however few the draws and however little of it they have seen:
the first chunk of a warm-up already gives the right scales. Correlations are believed as far as there are draws for
them, and of all else only the diagonal is kept.

Source: minimises the Fisher divergence to a standard normal, Seyboldt, Carlson and Carpenter (2026), "Preconditioning
Hamiltonian Monte Carlo by minimizing Fisher divergence", arXiv 2603.18845.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import Float

SHRINKAGE: Final = 20.0
"""How many draws it takes for a correlation to be believed by half."""

Metric = dict[tuple[str, ...], np.ndarray]
"""What NumPyro takes: the inverse mass matrix of the sites named, a matrix or its diagonal."""
ByDraw = Mapping[str, Float[np.ndarray, "chain draw *entry"]]
Owners = Mapping[str, tuple[int, ...]]
"""The channel that each entry of a site belongs to."""


def unknown(sizes: Mapping[str, int], owners: Owners) -> Metric:
    """The metric before anything is known, for sites of so many entries."""
    others = _others(sizes, owners)
    return {
        tuple(owners): np.eye(sum(sizes[name] for name in owners)),
        others: np.ones(sum(sizes[name] for name in others)),
    }


def learned(draws: ByDraw, gradients: ByDraw, owners: Owners) -> Metric:
    """The metric that unconstrained `draws`, and the gradients there, ask for."""
    own, others = tuple(owners), _others(draws, owners)
    variances = (_rows(values, others).var(axis=0) for values in (draws, gradients))
    x, g = _rows(draws, own), _rows(gradients, own)
    channel = np.concatenate([np.asarray(owners[name]) for name in own])
    metric = np.zeros((len(channel), len(channel)))
    for one in np.unique(channel):
        members = np.flatnonzero(channel == one)
        metric[np.ix_(members, members)] = between(_shrunk(x[:, members]), _shrunk(g[:, members]))
    return {own: metric, others: np.sqrt(np.divide(*variances))}


def between(
    draws: Float[np.ndarray, "entry entry"], gradients: Float[np.ndarray, "entry entry"]
) -> Float[np.ndarray, "entry entry"]:
    """The geometric mean M of a covariance of draws and the inverse of one of gradients: M `gradients` M = `draws`."""
    scale = np.sqrt(np.sqrt(np.diag(draws) / np.diag(gradients)))  # so that neither root is of a wide spectrum
    x, g = draws / np.outer(scale, scale), gradients * np.outer(scale, scale)
    root = _power(g, 0.5)
    inverse = np.linalg.inv(root)
    return np.outer(scale, scale) * (inverse @ _power(root @ x @ root, 0.5) @ inverse)


def _shrunk(rows: Float[np.ndarray, "row entry"]) -> Float[np.ndarray, "entry entry"]:
    covariance = np.atleast_2d(np.cov(rows, rowvar=False))
    keep = len(rows) / (len(rows) + SHRINKAGE)
    return keep * covariance + (1.0 - keep) * np.diag(np.diag(covariance))


def _power(matrix: Float[np.ndarray, "entry entry"], power: float) -> Float[np.ndarray, "entry entry"]:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-12 * values[-1]) ** power) @ vectors.T


def _others(sites: Mapping[str, object], owners: Owners) -> tuple[str, ...]:
    return tuple(sorted(set(sites) - set(owners)))


def _rows(values: ByDraw, names: tuple[str, ...]) -> Float[np.ndarray, "row entry"]:
    """The draws of all chains below each other, the sites of `names` beside each other."""
    chains, steps = next(iter(values.values())).shape[:2]
    return np.concatenate([np.reshape(values[name], (chains * steps, -1)) for name in names], axis=1)
