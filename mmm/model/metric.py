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

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from mmm.model.vectors import OTHERS, OWN, Vectors

SHRINKAGE: Final = 20.0
"""How many draws it takes for a correlation to be believed by half."""


class Metric(NamedTuple):
    """The inverse mass matrix: of what is each a channel's own, and the diagonal of all else."""

    own: Float[np.ndarray, "own own"]
    others: Float[np.ndarray, " other"]


def unknown(at: Vectors) -> Metric:
    """The metric before anything is known, at such parameters."""
    return Metric(np.eye(at[OWN].shape[-1]), np.ones(at[OTHERS].shape[-1]))


def learned(draws: Vectors, gradients: Vectors, channel: Int[np.ndarray, " own"]) -> Metric:
    """The metric that unconstrained `draws`, `(chain, draw, entry)`, and the gradients there ask for, `channel` being
    that of each entry of `OWN`."""
    variances = (_rows(values[OTHERS]).var(axis=0) for values in (draws, gradients))
    x, g = _rows(draws[OWN]), _rows(gradients[OWN])
    own = np.zeros((len(channel), len(channel)))
    for one in np.unique(channel):
        members = np.flatnonzero(channel == one)
        own[np.ix_(members, members)] = between(_shrunk(x[:, members]), _shrunk(g[:, members]))
    return Metric(own, np.sqrt(np.divide(*variances)))


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


def _rows(values: Float[np.ndarray, "chain draw entry"]) -> Float[np.ndarray, "row entry"]:
    """The draws of all chains below each other."""
    return values.reshape(-1, values.shape[-1])
