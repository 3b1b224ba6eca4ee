"""Which mixture of control geos comes closest to the treated one? Weights that are not negative and add up to one.

    min_w  sum_t (target_t - sum_j w_j controls_jt)^2 + ridge sum_j w_j^2,      w_j >= 0, sum_j w_j = 1

Because the weights add up to one, the objective is |D w|^2 with the columns `controls_j - target` (and the square root
of the ridge below them). Without the equality, non-negative least squares of |D w|^2 + (sum w - 1)^2 has the same
direction: for w = s v the best s depends on |D v| alone, and is better the smaller that is. So non-negative least
squares and a division solve the quadratic programme, to the optimum and not towards it.

Designs ask for thousands of these weights. All weights that are on the wrong side are therefore exchanged at once, a
handful of small linear systems (Portugal, Judice and Vicente, Mathematics of Computation, 1994), until the conditions
of the optimum hold. Where that goes in circles, or controls are all but combinations of each other, the finite
algorithm of Lawson and Hanson answers, which exchanges one at a time.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.linalg.lapack import dposv
from scipy.optimize import nnls

EXCHANGES, WITHOUT_GAIN = 30, 3
ROUNDING = 1e-10
DEPENDENT = 1e-5
"""Ratio of the factor's pivots under which columns count as dependent: products square it."""


def simplex_weights(
    target: Float[np.ndarray, " time"], controls: Float[np.ndarray, "geo time"], ridge: float = 0.0
) -> Float[np.ndarray, " geo"]:
    """The weights of the nearest mixture."""
    distances = (controls - target).T
    if ridge > 0:
        distances = np.concatenate([distances, np.sqrt(ridge) * np.eye(len(controls))])
    size = np.linalg.norm(distances, axis=0).min()
    if size == 0:
        exact = np.linalg.norm(distances, axis=0) == 0
        return exact / exact.sum()
    rows = np.concatenate([distances / size, np.ones((1, len(controls)))])
    weights = _exchanged(rows.T @ rows)
    if weights is None:
        weights, _ = nnls(rows, np.concatenate([np.zeros(len(distances)), [1.0]]))
    return weights / weights.sum()


def _exchanged(products: Float[np.ndarray, "geo geo"]) -> Float[np.ndarray, " geo"] | None:
    """The w >= 0 with `products @ w >= 1`, and = 1 where w is positive; None where exchanging does not find it."""
    inside, fewest, tries = np.ones(len(products), dtype=bool), len(products) + 1, WITHOUT_GAIN
    for _ in range(EXCHANGES):
        weights, rows = np.zeros(len(products)), np.flatnonzero(inside)
        factor, solved, failed = dposv(products[rows][:, rows], np.ones(len(rows)))
        pivots = np.diagonal(factor)
        if failed or pivots.min() < DEPENDENT * pivots.max():
            return None
        weights[rows] = solved
        wrong = np.where(inside, weights < 0, products @ weights < 1 - ROUNDING)
        number = int(wrong.sum())
        if number == 0:
            return weights
        tries = WITHOUT_GAIN if number < fewest else tries - 1
        if tries == 0:
            return None
        fewest = min(fewest, number)
        inside = inside ^ wrong
    return None
