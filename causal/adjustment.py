"""Which columns stand for the season, the trend, the geos and the controls of a panel?

    season   sin, cos (2 pi k t / periods a year), k = 1 .. SEASON_ORDER, and the day of the week in daily data
    trend    a line that may bend every half year
    geo      one level a geo
    ...      one block of a single column for each control and treatment, by its name

Every block is one node of the channel's graph, so that what is held still can be read in the graph. The KPI is
measured in units of its geo's mean: a large and a small geo then speak about the same relative effect.

The trend bends slowly on purpose: one that follows every week would explain demand and the channel alike, and leave
nothing to compare. To hold something else still, name it as a control in the study.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

SEASON, TREND, GEO = "the season", "the trend", "the geo"
SEASON_ORDER = 3
BENDS_A_YEAR = 2
WEEK_ORDER = 3


@dataclass(frozen=True)
class Setting:
    """What all channels share: the KPI in units of each geo's mean (`scale`), and the blocks that may be held still."""

    kpi: Float[np.ndarray, "geo time"]
    scale: Float[np.ndarray, " geo"]
    blocks: dict[str, Float[np.ndarray, "geo time _"]]
    periods_per_year: float


def setting(panel: xr.Dataset, periods_per_year: float) -> Setting:
    """The window of a panel, laid out for adjustment."""
    seen = panel.isel(time=np.flatnonzero(panel["in_window"].values))
    kpi = seen["kpi"].transpose("geo", "time").values.astype(float)
    scale = np.abs(np.nanmean(kpi, axis=1))
    scale = np.where(scale > 0, scale, 1.0)
    geos, periods = kpi.shape
    shared = {SEASON: season(periods, periods_per_year), TREND: trend(periods, periods_per_year)}
    blocks = {name: np.broadcast_to(block, (geos, *block.shape)) for name, block in shared.items() if block.size}
    blocks[GEO] = np.repeat(np.eye(geos)[:, None, :], periods, axis=1)
    for kind in ("controls", "treatments"):
        if kind in seen:
            values = seen[kind].transpose("geo", "time", ...).values.astype(float)
            names = [str(name) for name in seen[kind][seen[kind].dims[-1]].values]
            blocks |= {name: values[..., [column]] for column, name in enumerate(names)}
    return Setting(kpi / scale[:, None], scale, blocks, periods_per_year)


def season(periods: int, periods_per_year: float) -> Float[np.ndarray, "time column"]:
    """Yearly waves, once there is a year of data and as fine as the periods allow; in daily data weekly ones too."""
    longest = min(SEASON_ORDER, int((periods_per_year - 1) // 2)) if periods >= periods_per_year else 0
    waves = [order / periods_per_year for order in range(1, longest + 1)]
    if periods_per_year > 300 and periods >= 14:
        waves += [order * 365.25 / periods_per_year / 7 for order in range(1, WEEK_ORDER + 1)]
    angle = 2 * np.pi * np.outer(np.arange(periods), waves)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


def trend(periods: int, periods_per_year: float) -> Float[np.ndarray, "time column"]:
    """A line with a bend every half year, none closer than a quarter to either end."""
    time = np.arange(periods) / periods_per_year
    bends = np.arange(1 / BENDS_A_YEAR, time[-1] - 0.25, 1 / BENDS_A_YEAR)
    return np.column_stack([time, np.maximum(time[:, None] - bends, 0.0)])
