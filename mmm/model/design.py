"""How do the baseline's linear columns multiply? In three parts, so that a panel of many geos never writes them out.

    Z = [ one level per geo | columns that all geos share | columns with values of their own in each geo ]

    fitted(design, b)    Z b                      (time, geo)
    moments(design, r)   Z'r                      (column)
    Design.gram          Z'MZ, made once          (column, column), M the mask
    Design.sums          M'Z over geos, made once (time, column)

Everything the model asks of the columns is one of these, which cost a few additions a cell whatever the number of geos.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from mmm.model.block import Block


class Design(NamedTuple):
    """The columns, in the order of `gram`, `mean` and `sd`; `sd` is relative to the block's scale where that is
    learned."""

    shared: Float[Array, "time shared"]
    own: Float[Array, "time geo own"]
    gram: Float[Array, "column column"]
    sums: Float[Array, "time column"]
    mean: Float[Array, " column"]
    sd: Float[Array, " column"]


def design_of(blocks: tuple[Block, ...], mask: Float[np.ndarray, "time geo"]) -> Design:
    """The design of `blocks`, which must come as levels, then shared columns, then columns of a geo's own."""
    levels, *others = blocks
    shared = np.concatenate([np.empty((len(mask), 0)), *(one.columns for one in others if one.columns.ndim == 2)], -1)
    own = np.concatenate([np.empty((*mask.shape, 0)), *(one.columns for one in others if one.columns.ndim == 3)], -1)
    everywhere = np.broadcast_to(shared[:, None, :], (*mask.shape, shared.shape[-1]))
    dense = np.concatenate([levels.columns, everywhere, own], axis=-1) * mask[..., None]
    rows = dense.reshape(mask.size, -1)
    mean, sd = (np.concatenate([getattr(one, name) for one in blocks]) for name in ("mean", "sd"))
    return Design(*(jnp.asarray(part) for part in (shared, own, rows.T @ rows, dense.sum(axis=1), mean, sd)))


def fitted(design: Design, coefficient: Float[Array, " column"]) -> Float[Array, "time geo"]:
    """What the columns add up to, `Z b`."""
    geos = design.own.shape[1]
    level, shared, own = jnp.split(coefficient, (geos, geos + design.shared.shape[1]))
    return level + (design.shared @ shared)[:, None] + design.own @ own


def moments(design: Design, residual: Float[Array, "time geo"]) -> Float[Array, " column"]:
    """How far each column goes with `residual`, `Z'r`; cells that do not count must be 0 in it."""
    own = residual.ravel() @ design.own.reshape(residual.size, -1)
    return jnp.concatenate([residual.sum(axis=0), residual.sum(axis=1) @ design.shared, own])
