"""What would each channel earn over the horizon at each multiple of its reference spend, draw by draw?

    outlook.curves[sample, channel, multiple]     money: contribution inside the horizon and its carryover after it

The curves come from `mmm.insight.response_curves` on a grid of multiples. A monotone cubic (PCHIP), which puts no bump
where the model has none, makes the grid finer; between the fine knots they are straight lines, for the solver and for
every reported draw alike, so that both speak of the same function.

One channel is scaled at a time while the others stay as they were. Where channels multiply one another (a log link) the
sum of the curves is not what they earn together; `remainder` is the part of the study's joint contribution it misses.

`outlook` is the only place where a plan reads a fit. To plan on other curves, make an `Outlook` of your own and hand it
to `mmm.plan.scenario.plan_from`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from mmm.plan.reference import Reference, paid_panel, reference_of, value_per_kpi
from mmm.study import Horizon, Study

STEP: Final = 0.05
"""The distance between two multiples the model is asked about, up to 2; beyond, the share of a multiple to the next."""

FINER: Final = 5
"""Intervals of the plan's curves for each of the model's."""

PerChannel = Float[np.ndarray, " channel"]


@dataclass(frozen=True)
class Outlook:
    """The reference, and what multiples of it earn. Money throughout; one sample is one draw for all channels."""

    currency: str
    channels: tuple[str, ...]
    periods: pd.DatetimeIndex
    reference: pd.DatetimeIndex
    periods_per_year: float
    flighting: Float[np.ndarray, "period channel"]
    observed: PerChannel
    multiples: Float[np.ndarray, " multiple"]
    curves: Float[np.ndarray, "sample channel multiple"]
    delay: PerChannel
    value_per_kpi: float
    remainder: float = 0.0

    @property
    def spend(self) -> PerChannel:
        """The reference spend by channel over the horizon."""
        return self.flighting.sum(axis=0)


def outlook(fit: xr.DataTree, study: Study, horizon: Literal["history"] | Horizon, reach: float) -> Outlook:
    """The outlook over `horizon`, with curves from 0 to at least `reach` times the reference spend.

    Raises `InputError` when no paid channel spends anything in the reference.
    """
    return outlook_at(fit, study, reference_of(fit, horizon), reach, future=horizon != "history")


def outlook_at(fit: xr.DataTree, study: Study, reference: Reference, reach: float, *, future: bool = True) -> Outlook:
    """The outlook over a reference's periods, which lie after the data or are the study's window."""
    horizon = None
    if future:
        horizon = fit["panel"].to_dataset().isel(time=reference.rows).assign_coords(time=reference.periods)
    asked, channels = grid(reach), np.array(reference.channels)
    return Outlook(
        currency=study.currency,
        channels=reference.channels,
        periods=reference.periods,
        reference=reference.dates,
        periods_per_year=float(fit.attrs["periods_per_year"]),
        flighting=reference.flighting,
        observed=reference.observed,
        multiples=finer(asked),
        curves=_curves(fit, asked, horizon, channels),
        delay=delay_of(fit, channels),
        value_per_kpi=value_per_kpi(paid_panel(fit).isel(time=reference.rows)),
        remainder=_remainder(fit) if study.model.link == "log" else 0.0,
    )


def _curves(
    fit: xr.DataTree, multiples: Float[np.ndarray, " multiple"], future: xr.Dataset | None, channels: np.ndarray
) -> Float[np.ndarray, "sample channel finer_multiple"]:
    from scipy.interpolate import PchipInterpolator

    from mmm.insight.curves import response_curves

    curves = response_curves(fit, multiples, horizon=future).sel(channel=channels)
    values = curves.transpose("sample", "channel", "multiple").values.astype(float)
    return PchipInterpolator(multiples, values, axis=-1)(finer(multiples))


def delay_of(fit: xr.DataTree, channels: np.ndarray) -> PerChannel:
    """Periods until half of a channel's carryover has arrived, in the mean; 0 where it has none."""
    from mmm.insight.returns import half_life

    return np.nan_to_num(half_life(fit).sel(channel=channels).mean(["chain", "draw"]).values.astype(float))


def _remainder(fit: xr.DataTree) -> float:
    """The share of what all paid channels contribute together that the sum of their own contributions misses.

    Negative where channels reinforce one another: what two bring only together is then counted with both.
    """
    from mmm.insight.contrast import contrast
    from mmm.insight.contribution import contribution

    panel = fit["panel"].to_dataset()
    window, paid = panel["in_window"].values.astype(bool), panel["channel"].values[panel["paid"].values.astype(bool)]
    without = panel["exposure"].where(~panel["paid"].astype(bool), 0.0)
    together = float(contrast(fit, None, without).isel(time=window).mean(["chain", "draw"]).sum())
    alone = float(contribution(fit).sel(channel=paid).mean(["chain", "draw"]).sum())
    return 1 - alone / together if together else 0.0


def grid(reach: float) -> Float[np.ndarray, " multiple"]:
    """Multiples from 0 to 2, and on to `reach` or beyond, 1 among them: fine where plans are, coarser far out."""
    multiples = list(np.round(np.arange(round(2 / STEP) + 1) * STEP, 10))
    while multiples[-1] < reach:
        multiples.append(multiples[-1] * (1 + STEP))
    return np.array(multiples)


def finer(multiples: Float[np.ndarray, " multiple"]) -> Float[np.ndarray, " finer_multiple"]:
    """The same multiples with more between them."""
    parts = np.arange(FINER * (len(multiples) - 1) + 1) / FINER
    return np.interp(parts, np.arange(len(multiples)), multiples)


def outcome(view: Outlook, multiples: PerChannel) -> Float[np.ndarray, "sample channel"]:
    """What every channel earns in every draw at its multiple, in money."""
    left = np.clip(np.searchsorted(view.multiples, multiples, side="right") - 1, 0, len(view.multiples) - 2)
    weight = (multiples - view.multiples[left]) / (view.multiples[left + 1] - view.multiples[left])
    channels = np.arange(len(multiples))
    return (1 - weight) * view.curves[:, channels, left] + weight * view.curves[:, channels, left + 1]


def marginal(view: Outlook, multiples: PerChannel) -> Float[np.ndarray, "sample channel"]:
    """mROI at the multiples: what the next unit of money earns in every draw, over one step of the grid.

    NaN for a channel that spends nothing.
    """
    low = np.maximum(multiples - STEP / 2, view.multiples[0])
    high = np.minimum(multiples + STEP / 2, view.multiples[-1])
    money = np.where(view.spend > 0, (high - low) * view.spend, np.nan)
    return (outcome(view, high) - outcome(view, low)) / money
