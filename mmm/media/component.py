"""What is a media component? One formula and the priors of its parameters.

A component is a function whose keyword-only arguments are its parameters, and a prior for each of them:

    def log_growth(exposure: Exposure, *, reach: Scalar) -> Exposure:
        \"\"\"Diminishing returns without a ceiling.\"\"\"
        return jnp.log1p(exposure / reach)

    LOG_GROWTH = Saturation(log_growth, {"reach": dist.LogNormal(0.0, 0.5)})

A study names it by import path, `saturation: my_package.curves:LOG_GROWTH`; there is no registry to edit. The formula
is written for one channel, with scalar parameters; the model maps it over channels. Exposure arrives in units of the
channel's typical exposure (its mean over periods with any), so a prior means the same for every channel.

Channels of one component differ in every parameter, each by its own draw from the prior. Where they are likely to be
alike, give an `Alike` prior: what strong channels teach then helps the weak ones.

Test your own with `mmm.media.laws.check_adstock` and `check_saturation`.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float
from numpyro.distributions import Distribution
from scipy.stats import chi2

from mmm.study import InputError

Exposure = Float[Array, "*shape"]
Scalar = Float[Array, ""]
FREEDOM = 3.0
MIXED = 200


class Alike(dist.Distribution):
    """The prior of a parameter in which channels are alike: what strong ones teach helps the weak ones.

        log parameter[c] = location + common_sd * common + own_sd * own[c]
        common ~ Student t with `FREEDOM` degrees of freedom,  own[c] ~ Normal(0, 1)

    Channels stay near `location` unless all of them together say otherwise; then the heavy tail lets them go.
    """

    support = dist.constraints.positive
    common = dist.StudentT(FREEDOM)
    own = dist.Normal(0.0, 1.0)

    def __init__(self, location: float, common_sd: float, own_sd: float) -> None:
        self.location, self.common_sd, self.own_sd = location, common_sd, own_sd
        super().__init__()

    def own_given(self, common: Array, centred: bool) -> Distribution:
        """What is sampled for each channel; `centred`, it holds what channels share as well."""
        return dist.Normal(self.common_sd / self.own_sd * common, 1.0) if centred else self.own

    def values(self, common: Array, own: Array, centred: bool = False) -> Array:
        """The parameter of every channel."""
        return jnp.exp(self.location + (0.0 if centred else self.common_sd) * common + self.own_sd * own)

    def log_prob(self, value: Float[Array, "*batch channel"]) -> Float[Array, "*batch"]:
        """Joint log density over channels. A Student t is a mixture of normals, and given the mixture's variance the
        logs are jointly normal: the mean over quantiles of that variance."""
        log = jnp.log(value)
        off, channels = log - self.location, value.shape[-1]
        variance = FREEDOM / chi2.ppf((np.arange(MIXED) + 0.5) / MIXED, FREEDOM)
        ratio = variance * (self.common_sd / self.own_sd) ** 2
        shared = (off.sum(axis=-1) ** 2)[..., None] * ratio / (1.0 + channels * ratio)
        square = ((off**2).sum(axis=-1)[..., None] - shared) / self.own_sd**2
        log_det = channels * jnp.log(2.0 * jnp.pi * self.own_sd**2) + jnp.log1p(channels * ratio)
        terms = jax.scipy.special.logsumexp(-0.5 * (square + log_det), axis=-1) - jnp.log(MIXED)
        return terms - log.sum(axis=-1)

    def sample(self, key: Array, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draws for single channels, each of a market of its own."""
        first, second = jax.random.split(key)
        return self.values(self.common.sample(first, sample_shape), self.own.sample(second, sample_shape))


@dataclass(frozen=True, eq=False)  # as good as its name: compared and hashed by identity
class _Component:
    function: Callable[..., Any]
    priors: Mapping[str, Distribution]

    def __post_init__(self) -> None:
        signature = inspect.signature(self.function).parameters.values()
        parameters = {p.name for p in signature if p.kind is inspect.Parameter.KEYWORD_ONLY}
        if parameters != set(self.priors):
            raise TypeError(
                f"{self.function.__name__} has the parameters {sorted(parameters)} but priors for "
                f"{sorted(self.priors)}: every keyword-only argument needs one prior of the same name"
            )

    def __call__(self, x: Array, **parameters: Array) -> Array:
        return self.function(x, **parameters)

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(self.priors)


class Adstock(_Component):
    """`lag -> weight`: how strongly exposure `lag` periods ago still works; normalised to sum 1 by `carry_over`."""


class Saturation(_Component):
    """`exposure -> response`: zero at zero and never decreasing."""


def load_component(kind: Literal["adstock", "saturation"], name: str) -> Any:
    """The component a study names: a short name (`geometric`) or an import path (`package.module:NAME`).

    Raises `InputError` when there is no such component, with the names there are.
    """
    module_name, _, attribute = name.partition(":")
    if not attribute:
        module_name, attribute = f"mmm.media.{kind}", name.upper()
    expected = Adstock if kind == "adstock" else Saturation
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InputError(
            [f"model.{kind}: cannot import {module_name!r} ({error}): is it installed in this environment?"]
        ) from error
    found = getattr(module, attribute, None)
    if isinstance(found, expected):
        return found
    known = sorted(key.lower() for key, value in vars(module).items() if isinstance(value, expected))
    raise InputError(
        [
            f"model.{kind}: {name!r} is not one of {', '.join(known)}, nor an import path `package.module:NAME` of "
            f"{expected.__name__}"
        ]
    )
