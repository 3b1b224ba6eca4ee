"""Which mixture of control geos comes closest to the treated one? Weights that are not negative and add up to one.

    min_w  sum_t (target_t - sum_j w_j controls_jt)^2 + ridge sum_j w_j^2,      w_j >= 0, sum_j w_j = 1

Because the weights add up to one, the objective is |D w|^2 with the columns `controls_j - target` (and the square root
of the ridge below them). Without the equality, non-negative least squares of |D w|^2 + (sum w - 1)^2 has the same
direction: for w = s v the best s depends on |D v| alone, and is better the smaller that is. So one call of a finite,
exact algorithm and a division solve the quadratic programme, with no tolerance to choose.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls


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
    weights, _ = nnls(rows, np.concatenate([np.zeros(len(distances)), [1.0]]))
    return weights / weights.sum()
