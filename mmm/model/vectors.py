"""How do thirty small parameters become two vectors, and back?

A step of the sampler treats all parameters alike. On two vectors, one of what is each a channel's own and one of all
else, it is a few operations for XLA to compile; on thirty arrays it is as many for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np

OWN: Final = "own"
"""The vector of parameters that are each a channel's own: the metric knows how they go together."""
OTHERS: Final = "others"

Vectors = dict[str, Any]
"""`OWN` and `OTHERS`, each `(..., entry)`."""


Shapes = tuple[tuple[str, tuple[int, ...]], ...]


class Layout(NamedTuple):
    """The parameters of each vector, in their order, and their shapes."""

    own: Shapes
    others: Shapes


def unpacked(vectors: Mapping[str, Any], layout: Layout) -> dict[str, Any]:
    """The parameters by name, `(..., *shape)`, of vectors `(..., entry)`."""
    values = {}
    for vector, shapes in zip((vectors[OWN], vectors[OTHERS]), layout, strict=True):
        start = 0
        for name, shape in shapes:
            end = start + prod(shape)
            values[name] = vector[..., start:end].reshape((*vector.shape[:-1], *shape))
            start = end
    return values


def packed(values: Mapping[str, Any], layout: Layout) -> Vectors:
    """The vectors, on the host, of parameters by name."""
    return {key: _joined(values, shapes) for key, shapes in zip((OWN, OTHERS), layout, strict=True)}


def _joined(values: Mapping[str, Any], shapes: Shapes) -> np.ndarray:
    parts = [(np.asarray(values[name]), len(shape)) for name, shape in shapes]
    return np.concatenate([part.reshape(*part.shape[: part.ndim - own], -1) for part, own in parts], axis=-1)
