"""How do a study and a panel become a model? `build` makes a `Structure` and `Arrays`, the model's only inputs.

`Structure` is what is compiled in: which channels share which components, how many columns a block has, the likelihood.
`Arrays` is what is passed in: exposure, KPI, design. Two data sets of one structure and shape share one compiled
program.

Scaling happens here and nowhere else:

- KPI is relative to the geo's size: its population when known, else its mean KPI; both times one constant so that the
  KPI averages 1 over the panel. Hence a prior means the same in any currency.
- Exposure is relative to what is typical of the channel in a geo of that size: its mean over periods with any. A
  mean of positive values, never a maximum: one wild week must not move the prior.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Bool, Float

from mmm.media import Adstock, Saturation, load_component
from mmm.media.adstock import lagged
from mmm.model.baseline import baseline_blocks
from mmm.model.block import Block, Shape
from mmm.model.centring import CENTRING
from mmm.model.design import Design, design_of
from mmm.model.drift import drifts
from mmm.model.priors import effect_priors, with_half_life
from mmm.study import Model, Prior, Study

ROI_SPREAD = (np.log(0.6), 0.5)
"""Log-normal prior of the standard deviation of log ROI across paid channels, its log median and log sd. At
the median one standard deviation between two channels is a factor of 2.3, over the 90 % range 1.4 to 6.9."""
MEDIA_SHARE = (np.log(0.2), 0.7)
"""Log-normal prior of the share of KPI that all paid channels contribute: median 20 %, 95 % below 63 %."""
ORGANIC_SHARE = (np.log(0.03), 1.0)
"""Log-normal prior of the share of KPI that one organic medium contributes."""
BUSY = 0.95
"""Which quantile of a geo's exposure says what it is used to: high, for it is there that curves bend, and not the
maximum, which one wild week would move."""


@dataclass(frozen=True)
class Group:
    """Channels that share an adstock and a saturation, and which of the two comes first; `frequency` when they have
    reach and frequency."""

    channels: tuple[int, ...]
    adstock: Adstock
    saturation: Saturation
    frequency: bool
    saturation_first: bool = False

    @property
    def key(self) -> str:
        """Tells the group's sampled parameters from those of another group."""
        return str(self.channels[0])


@dataclass(frozen=True)
class Structure:
    """What is compiled into the program."""

    groups: tuple[Group, ...]
    channels: tuple[str, ...]
    geos: tuple[str, ...]
    max_lag: int
    blocks: tuple[Shape, ...]
    likelihood: str
    link: str
    tested: tuple[int, ...] = ()  # the channel of each pair of `Lift`
    varying: tuple[int, ...] = ()  # channels whose effectiveness drifts
    drift: tuple[Shape, ...] = ()  # and the waves of each
    marginal: tuple[int, ...] = ()  # channels whose share is that of the next unit of exposure: a prior of mROI

    @property
    def collapses(self) -> bool:
        """Whether the linear coefficients can be integrated out exactly."""
        return self.likelihood == "normal" and self.link == "identity"


class Lift(NamedTuple):
    """Experiments as arrays. A *pair* is one channel of one row of the lift table; worlds are with and without it."""

    lagged_exposure: Float[Array, "pair world lag time geo"]
    measured: Float[Array, "row time geo"]
    rows: Float[Array, "row pair"]
    lift: Float[Array, " row"]
    scale: Float[Array, " row"]


class Arrays(NamedTuple):
    """What is passed to the program; `time` includes rows that only feed carryover, which `mask` leaves out."""

    lagged_exposure: Float[Array, "channel lag time geo"]
    frequency: Float[Array, "channel_or_none time geo"]
    kpi: Float[Array, "time geo"]
    total: Float[Array, ""]  # KPI units over the cells that count: what a share is a share of
    mask: Float[Array, "time geo"]
    size: Float[Array, " geo"]
    design: Design
    prior_mean: Float[Array, " channel"]
    prior_sd: Float[Array, " channel"]
    pooled: Bool[Array, " channel"]
    usual: Float[Array, "channel geo"]  # log exposure of a geo's busy period, beside others
    centring: Float[Array, " channel"]  # of the differences between geos (`mmm.model.centring`)
    lift: Lift | None = None
    waves: Float[Array, "time wave"] | None = None  # of which the drift of `varying` channels is made


def build(panel: xr.Dataset, study: Study) -> tuple[Structure, Arrays, tuple[Block, ...]]:
    """The structure, the arrays and the labelled baseline blocks of `study` on `panel`."""
    model = study.model
    periods_per_year = float(panel.attrs["periods_per_year"])
    blocks = baseline_blocks(panel, model, periods_per_year)
    frequency = panel["frequency"].transpose("channel", "time", "geo").to_numpy() if "frequency" in panel else None
    channels = tuple(str(name) for name in panel.indexes["channel"])
    max_lag = model.lags(int(panel["in_window"].sum()), periods_per_year)
    structure = Structure(
        groups=_groups(channels, model, with_frequency(panel), max_lag),
        channels=channels,
        geos=tuple(str(name) for name in panel.indexes["geo"]),
        max_lag=max_lag,
        blocks=tuple(block.shape for block in blocks),
        likelihood=model.likelihood,
        link=model.link,
        varying=tuple(i for i, name in enumerate(channels) if model.of(name).varying),
        marginal=tuple(i for i, name in enumerate(channels) if model.of(name).mroi_prior),
    )
    arrays = _arrays(panel, study, blocks, frequency, structure.max_lag)
    if structure.varying:
        waves, drift = drifts(panel["in_window"].to_numpy(), structure.varying, periods_per_year)
        structure, arrays = replace(structure, drift=drift), arrays._replace(waves=jnp.asarray(waves))
    return structure, arrays, blocks


def for_sampling(arrays: Arrays) -> Arrays:
    """The arrays as sampling reads them, with exposure in single precision.

    A response is good to seven digits in single precision, a log density to a thousandth; everything that differences
    or solves stays in double precision.
    """
    return arrays._replace(
        lagged_exposure=arrays.lagged_exposure.astype(jnp.float32), frequency=arrays.frequency.astype(jnp.float32)
    )


def exposure_scale(panel: xr.Dataset) -> Float[np.ndarray, "channel geo"]:
    """What one unit of scaled exposure is, in the channel's own units, in each geo."""
    exposure = panel["exposure"].transpose("channel", "time", "geo").to_numpy()
    inside = (exposure / _size(panel))[:, panel["in_window"].to_numpy()]
    active = inside > 0
    typical = inside.sum(axis=(1, 2)) / np.maximum(active.sum(axis=(1, 2)), 1)
    return np.where(typical > 0, typical, 1.0)[:, None] * _size(panel)


def with_frequency(panel: xr.Dataset) -> Bool[np.ndarray, " channel"]:
    """Which channels have reach and frequency."""
    if "frequency" not in panel:
        return np.zeros(panel.sizes["channel"], bool)
    frequency = panel["frequency"].transpose("channel", "time", "geo").to_numpy()
    return np.isfinite(frequency).any(axis=(1, 2))


def usual_exposure(panel: xr.Dataset) -> Float[np.ndarray, "channel geo"]:
    """What a geo is used to, beside others: the log of its scaled exposure in a busy period (`BUSY`, of those with
    any), less the mean over geos.

    It is 0 in a geo without any, and for channels of which the frequency saturates: that is the same for everyone.
    """
    exposure = panel["exposure"].transpose("channel", "time", "geo").to_numpy() / exposure_scale(panel)[:, None, :]
    inside = np.sort(exposure[:, panel["in_window"].to_numpy()], axis=1)
    active, last = (inside > 0).sum(axis=1), inside.shape[1] - 1
    place = last - (1.0 - BUSY) * np.maximum(active - 1, 0)  # of the quantile among the active, which come last
    lower = np.floor(place).astype(int)
    below, above = (
        np.take_along_axis(inside, at[:, None], axis=1)[:, 0] for at in (lower, np.minimum(lower + 1, last))
    )
    seen = (active > 0) & ~with_frequency(panel)[:, None]
    level = np.log(np.where(seen, below + (place - lower) * (above - below), 1.0))
    mean = level.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return np.where(seen, level - mean[:, None], 0.0)


def lag_exposure(panel: xr.Dataset, exposure: Float[np.ndarray, "channel time geo"], max_lag: int) -> Array:
    """`exposure` in typical units and lagged, with no exposure before its first row: `Arrays.lagged_exposure`."""
    scaled = jnp.asarray(exposure / exposure_scale(panel)[:, None, :])
    history = jnp.pad(scaled, ((0, 0), (max_lag, 0), (0, 0)))
    return jax.vmap(lambda one: lagged(one, max_lag))(history)


def scale_frequency(panel: xr.Dataset, frequency: Float[np.ndarray, "channel time geo"]) -> Array:
    """`frequency` relative to the window's mean over cells with reach, 0 where there is none."""
    inside = panel["in_window"].to_numpy()[:, None]
    reach = panel["exposure"].transpose("channel", "time", "geo").to_numpy()
    seen = panel["frequency"].transpose("channel", "time", "geo").to_numpy()
    seen = np.where(np.isfinite(seen) & (reach > 0) & inside, seen, 0.0)
    typical = seen.sum(axis=(1, 2)) / np.maximum((seen > 0).sum(axis=(1, 2)), 1)
    return jnp.asarray(np.nan_to_num(frequency) / np.where(typical > 0, typical, 1.0)[:, None, None])


def _groups(channels: tuple[str, ...], model: Model, has_frequency: np.ndarray, max_lag: int) -> tuple[Group, ...]:
    members: dict[tuple[str, str, bool, bool, Prior | None], list[int]] = {}
    for index, name in enumerate(channels):
        own = model.of(name)
        kinds = (own.adstock or model.adstock, own.saturation or model.saturation)
        flags = (bool(has_frequency[index]), own.order == "saturation_first")
        members.setdefault((*kinds, *flags, own.half_life_prior), []).append(index)
    return tuple(
        Group(
            channels=tuple(indices),
            adstock=with_half_life(adstock, half_life, max_lag),
            saturation=load_component("saturation", saturation),
            frequency=frequency,
            saturation_first=saturation_first,
        )
        for (adstock, saturation, frequency, saturation_first, half_life), indices in members.items()
    )


def _size(panel: xr.Dataset) -> Float[np.ndarray, " geo"]:
    """KPI units that count as 1 in each geo."""
    kpi = panel["kpi"].transpose("time", "geo").to_numpy()[panel["in_window"].to_numpy()]
    if "population" not in panel:
        return np.nanmean(kpi, axis=0)
    population = panel["population"].to_numpy()
    return population * np.nansum(kpi) / (np.isfinite(kpi) * population).sum()


def _arrays(
    panel: xr.Dataset, study: Study, blocks: tuple[Block, ...], frequency: np.ndarray | None, max_lag: int
) -> Arrays:
    kpi = panel["kpi"].transpose("time", "geo").to_numpy()
    mask = np.isfinite(kpi) & panel["in_window"].to_numpy()[:, None]
    size = _size(panel)
    exposure = panel["exposure"].transpose("channel", "time", "geo").to_numpy()
    prior_mean, prior_sd, pooled = effect_priors(panel, study, mask, MEDIA_SHARE[0], ORGANIC_SHARE)
    return Arrays(
        lagged_exposure=lag_exposure(panel, exposure, max_lag),
        frequency=jnp.empty((0, *exposure.shape[1:])) if frequency is None else scale_frequency(panel, frequency),
        kpi=jnp.asarray(np.where(mask, kpi, 0.0) / size),
        total=jnp.asarray(kpi[mask].sum()),
        mask=jnp.asarray(mask.astype(float)),
        size=jnp.asarray(size),
        design=design_of(blocks, mask.astype(float)),
        prior_mean=jnp.asarray(prior_mean),
        prior_sd=jnp.asarray(prior_sd),
        pooled=jnp.asarray(pooled),
        usual=jnp.asarray(usual_exposure(panel)),
        centring=jnp.asarray(np.full(len(pooled), CENTRING)),
    )
