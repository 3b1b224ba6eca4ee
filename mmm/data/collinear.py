"""How far is a value off, how redundant are columns, where does a level move? The arithmetic under the review.

    robust z   (x - median) / (1.4826 MAD)
    VIF_j      1 / (1 - R2 of column j on the others) = diagonal of the inverse correlation matrix

Pure functions of arrays; `mmm.data.checks` turns their numbers into sentences.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def robust_z(values: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
    """Distance from the median in standard deviations, as the median absolute deviation estimates them.

    Where more than half of the values are equal the mean absolute deviation takes its place; all equal gives zeros.
    """
    centred = values - np.median(values)
    scale = 1.4826 * np.median(np.abs(centred)) or 1.2533 * np.mean(np.abs(centred))
    return centred / scale if scale > 0 else np.zeros_like(centred)


SLIP = 3.0
"""How many times the largest of the rest one value may be before it looks like a slipped decimal."""


def beyond_the_rest(values: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
    """Each value over the largest that is left when the top 2 % (two at least) are set aside.

    Fewer than 12 positive values have no usual range; their ratios are 0.
    """
    positive = np.sort(values[values > 0])
    if len(positive) < 12:
        return np.zeros_like(values)
    aside = max(2, int(0.02 * len(positive)))
    return values / positive[-aside - 1]


def correlations(columns: Float[np.ndarray, "row column"]) -> Float[np.ndarray, "column column"]:
    """Pearson correlations; a column that never changes has 0 with all others."""
    centred = columns - columns.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(length > 0, length, 1.0)
    return unit.T @ unit


def variance_inflation(columns: Float[np.ndarray, "row column"]) -> Float[np.ndarray, " column"]:
    """How much the variance of each column's coefficient grows because of the others; 1 is none, inf is a copy.

    Constant columns have 1. A perfectly redundant column comes back as 1e12 at most.
    """
    spread = columns.std(axis=0)
    moving = spread > 0
    factors = np.ones(columns.shape[1])
    if moving.sum() > 1:
        values, vectors = np.linalg.eigh(correlations(columns[:, moving]))
        factors[moving] = (vectors**2 / np.maximum(values, 1e-12)).sum(axis=1)
    return np.minimum(factors, 1e12)


def condition_number(columns: Float[np.ndarray, "row column"]) -> float:
    """Largest over smallest singular value of the standardised columns; over 30 they are close to redundant."""
    spread = columns.std(axis=0)
    moving = columns[:, spread > 0] / spread[spread > 0]
    if moving.shape[1] < 2 or moving.shape[0] < moving.shape[1]:
        return 1.0
    singular = np.linalg.svd(moving - moving.mean(axis=0), compute_uv=False)
    return float(singular[0] / max(singular[-1], 1e-12 * singular[0]))


def level_shift(values: Float[np.ndarray, " time"], periods_per_year: float) -> tuple[float, int]:
    """The strongest step in a series after trend and season: its t-value, shrunk for autocorrelation, and its position.

    Every position with at least an eighth of the series on both sides is tried. Under 40 periods nothing is claimed.
    """
    count = len(values)
    if count < 40 or np.ptp(values) == 0:
        return 0.0, 0
    time = np.arange(count)
    angles = [2 * np.pi * k * time / periods_per_year for k in (1, 2)]
    waves = [f(angle) for angle in angles for f in (np.sin, np.cos)] if count >= 1.5 * periods_per_year else []
    base, _ = np.linalg.qr(np.column_stack([np.ones(count), time / count, *waves]))
    margin = max(8, count // 8)
    places = np.arange(margin, count - margin)
    steps = (time[:, None] >= places).astype(float)
    steps = steps - base @ (base.T @ steps)
    left = values - base @ (base.T @ values)
    power = (steps**2).sum(axis=0)
    effect = steps.T @ left / power
    rest = left[:, None] - steps * effect
    sigma = np.sqrt((rest**2).sum(axis=0) / (count - base.shape[1] - 1))
    best = int(np.argmax(np.abs(effect) / sigma * np.sqrt(power)))
    remaining = rest[:, best]
    memory = float(np.clip(np.corrcoef(remaining[1:], remaining[:-1])[0, 1], 0.0, 0.95))
    t_value = float(effect[best] / sigma[best] * np.sqrt(power[best] * (1 - memory) / (1 + memory)))
    return t_value, int(places[best])
