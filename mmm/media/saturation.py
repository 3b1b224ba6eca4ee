"""How fast do returns diminish? Saturation: response to adstocked exposure, zero at zero and never decreasing.

Exposure comes in units of the channel's typical exposure, so `half_saturation` 1 means: half of the ceiling is
reached at the exposure of a typical active period. Bounded curves rise to 1; the channel's coefficient carries the
scale.

The default is the Burr curve, which contains the others: at `tail` 1 it is Hill, towards 0 it is exponential, and
between them the data decide how fast the ceiling is approached. Its slope is S-shaped above 1, and its prior sits
there: below 1 the very first unit of money would return without limit, and that steep start adds to the contribution
of every channel that was never seen near zero. Data that ask for it can still have it, and channels ask together: how
S-shaped a market is shows in all of them, and in one alone too faintly to tell.

To add your own, write one function and its priors (`mmm.media.component` shows how).

Sources: Hill, Jin et al. (2017), section 2.3; logistic, tanh and Michaelis-Menten as in PyMC-Marketing's documentation;
exponential and power are the classic econometric forms (Hanssens, Parsons and Schultz, "Market Response Models");
Burr, the distribution function of type XII in Burr (1942), "Cumulative frequency functions".
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from mmm.media.component import Alike, Exposure, Saturation, Scalar

SHORTEST_TAIL = 1e-6
"""Below it Burr is exponential to six digits, and dividing by it would lose them."""


def none(exposure: Exposure) -> Exposure:
    """No saturation: response is proportional to exposure."""
    return exposure


def hill(exposure: Exposure, *, half_saturation: Scalar, slope: Scalar) -> Exposure:
    """`x^slope / (x^slope + half_saturation^slope)`: half of the ceiling at `half_saturation`; S-shaped above slope
    1."""
    active = exposure > 0
    log_exposure = jnp.log(jnp.where(active, exposure, 1.0))  # a power of 0 has no finite gradient
    return jnp.where(active, jax.nn.sigmoid(slope * (log_exposure - jnp.log(half_saturation))), 0.0)


def burr(exposure: Exposure, *, half_saturation: Scalar, slope: Scalar, tail: Scalar) -> Exposure:
    """`1 - (1 + (2^tail - 1) (x / half_saturation)^slope)^(-1 / tail)`, `tail` between 0 and 1.

    Hill at `tail` 1; towards 0 it becomes `1 - 2^-(x / half_saturation)^slope`, which is exponential at slope 1.
    """
    active = exposure > 0
    log_exposure = jnp.log(jnp.where(active, exposure, 1.0))  # a power of 0 has no finite gradient
    power = jnp.exp(slope * (log_exposure - jnp.log(half_saturation)))
    tail = jnp.maximum(tail, SHORTEST_TAIL)
    return jnp.where(active, -jnp.expm1(-jnp.log1p(jnp.expm1(tail * jnp.log(2.0)) * power) / tail), 0.0)


def michaelis_menten(exposure: Exposure, *, half_saturation: Scalar) -> Exposure:
    """`x / (x + half_saturation)`: Hill with slope 1."""
    return exposure / (exposure + half_saturation)


def tanh(exposure: Exposure, *, half_saturation: Scalar) -> Exposure:
    """`tanh(atanh(1/2) x / half_saturation)`, which is also `(1 - e^-kx) / (1 + e^-kx)` with `k = log(3) /
    half_saturation`."""
    return jnp.tanh(jnp.arctanh(0.5) * exposure / half_saturation)


def exponential(exposure: Exposure, *, half_saturation: Scalar) -> Exposure:
    """`1 - 2^(-x / half_saturation)`."""
    return -jnp.expm1(-jnp.log(2.0) * exposure / half_saturation)


def power(exposure: Exposure, *, exponent: Scalar) -> Exposure:
    """`x ^ exponent`, with an exponent below 1: diminishing returns without a ceiling."""
    active = exposure > 0
    return jnp.where(active, jnp.where(active, exposure, 1.0) ** exponent, 0.0)


_HALF_SATURATION = dist.LogNormal(0.4, 0.7)

NONE = Saturation(none, {})
HILL = Saturation(hill, {"half_saturation": _HALF_SATURATION, "slope": dist.LogNormal(0.1, 0.3)})
BURR = Saturation(
    burr,
    {
        "half_saturation": dist.LogNormal(0.2, 0.7),
        "slope": Alike(0.2, 0.1, 0.1),
        "tail": dist.Beta(1.0, 1.0),
    },
)
MICHAELIS_MENTEN = Saturation(michaelis_menten, {"half_saturation": _HALF_SATURATION})
TANH = Saturation(tanh, {"half_saturation": _HALF_SATURATION})
LOGISTIC = TANH  # told apart only by how their one parameter is scaled; ours is the half-saturation for both
EXPONENTIAL = Saturation(exponential, {"half_saturation": _HALF_SATURATION})
POWER = Saturation(power, {"exponent": dist.Beta(4.0, 2.0)})
AUTO = BURR
