"""How often should a person be reached? For channels with reach and frequency, the frequency that earns the most.

The same impressions at the same cost can reach many people seldom or few people often. With everything else as it was,

    roi[c](f) = value of contribution[c] | frequency f, reach = impressions / f     over spend[c], in the window

for frequencies between the least and the most that were observed. A concave saturation wants the lowest of them, an
S-shaped one has its best in between, where the chord from nothing is steepest. That an impression costs the same at any
frequency, and that there are enough people to reach, is assumed and not known.
"""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float

from mmm.insight.contrast import Sample, channel_effect, draws_of, over_draws
from mmm.insight.contribution import window_weight
from mmm.model.fit import model_of, panel_of
from mmm.model.spec import Arrays, Structure, for_sampling, lag_exposure, scale_frequency
from mmm.study import INTERVAL

STEPS: Final = 41
"""Frequencies between the least and the most observed."""

SAMPLES: Final = 500

COLUMNS: Final = ("channel", "frequency_now", "observed_low", "observed_high", "frequency_best", "best_p05", "best_p95")


def frequency_curves(fit: xr.DataTree, samples: int = SAMPLES) -> dict[str, xr.DataArray]:
    """ROI of each channel with reach and frequency at each frequency, `sample frequency`; empty without such channels.

    The last entry of each is the ROI as it was, under the coordinate `frequency` NaN.
    """
    panel = panel_of(fit)
    if "frequency" not in panel:
        return {}
    model, draws = model_of(fit), draws_of(fit, samples)
    exposure = panel["exposure"].transpose("channel", "time", "geo").to_numpy()
    frequency = panel["frequency"].transpose("channel", "time", "geo").to_numpy()
    spend = panel["spend"].where(panel["in_window"], 0.0).sum(["time", "geo"]).to_numpy()
    found = {}
    for c, name in enumerate(panel["channel"].values):
        if not np.isfinite(frequency[c]).any() or spend[c] <= 0:
            continue
        grid = _observed(frequency[c], exposure[c])
        worlds = [(exposure[c] * frequency[c] / f, np.full_like(exposure[c], f)) for f in grid]
        cubes = [_with(c, exposure, frequency, *world) for world in [*worlds, (exposure[c], frequency[c])]]
        lagged = jnp.stack([lag_exposure(panel, reach, model.structure.max_lag)[c] for reach, _ in cubes])
        often = jnp.stack([scale_frequency(panel, per_person)[c] for _, per_person in cubes])
        weight = window_weight(fit, as_value=True) / spend[c]
        worlds_of_channel = for_sampling(model.arrays), jnp.asarray(c), lagged.astype(jnp.float32), often, weight
        values = over_draws(_roi, model.structure, draws, *worlds_of_channel)
        coords = {"sample": np.arange(len(values)), "frequency": np.append(grid, np.nan)}
        found[str(name)] = xr.DataArray(values, coords, tuple(coords), attrs={"units": "money per money"})
    return found


def _roi(
    structure: Structure, sample: Sample, arrays: Arrays, c: Array, lagged: Array, often: Array, weight: Array
) -> Float[Array, " world"]:
    """The ROI of channel `c` in each world, `weight` being the value of a KPI unit over the channel's spend."""

    def at(world: tuple[Array, Array]) -> Array:
        reached = arrays._replace(
            lagged_exposure=arrays.lagged_exposure.at[c].set(world[0]),
            frequency=arrays.frequency.at[c].set(world[1].astype(arrays.frequency.dtype)),
        )
        return (channel_effect(structure, sample, reached)[c] * weight).sum()

    return jax.lax.map(at, (lagged, often))


def optimal_frequency(fit: xr.DataTree, samples: int = SAMPLES) -> pd.DataFrame:
    """The frequency that earns the most for the same impressions, one row a channel with reach and frequency.

    `frequency_best` maximises the mean ROI; `best_p05` to `best_p95` are the 90 % interval of what single draws would
    choose. `roi_now_*`, `roi_best_*` and `gain_*` (best less now, draw by draw) have `mean`, `p05` and `p95`;
    `at_edge` says that the best lies at an end of what was observed, so that the true one may lie beyond.
    """
    rows, panel = [], panel_of(fit)
    for name, curve in frequency_curves(fit, samples).items():
        grid, values, now = curve["frequency"].values[:-1], curve.values[:, :-1], curve.values[:, -1]
        best = int(values.mean(axis=0).argmax())
        single = np.quantile(grid[values.argmax(axis=1)], INTERVAL)
        own = panel.sel(channel=name).isel(time=np.flatnonzero(panel["in_window"]))
        impressions = float((own["exposure"] * own["frequency"].fillna(0.0)).sum())
        facts = (name, impressions / float(own["exposure"].sum()), grid[0], grid[-1], grid[best], *single)
        row = dict(zip(COLUMNS, facts, strict=True))
        for key, draws in {"roi_now": now, "roi_best": values[:, best], "gain": values[:, best] - now}.items():
            low, high = np.quantile(draws, INTERVAL)
            row |= {f"{key}_mean": float(draws.mean()), f"{key}_p05": float(low), f"{key}_p95": float(high)}
        rows.append(row | {"at_edge": best in (0, len(grid) - 1)})
    return pd.DataFrame(rows)


Cell = Float[np.ndarray, "time geo"]
Cube = Float[np.ndarray, "channel time geo"]


def _observed(frequency: Cell, reach: Cell) -> Float[np.ndarray, " frequency"]:
    """Frequencies from the least to the most that was observed where anybody was reached."""
    seen = frequency[(reach > 0) & np.isfinite(frequency) & (frequency > 0)]
    return np.linspace(seen.min(), seen.max(), STEPS)


def _with(c: int, exposure: Cube, frequency: Cube, reach: Cell, per_person: Cell) -> tuple[Cube, Cube]:
    """Exposure and frequency of every channel, one channel's replaced."""
    reaches, often = exposure.copy(), frequency.copy()
    reaches[c], often[c] = np.nan_to_num(reach), per_person
    return reaches, often
