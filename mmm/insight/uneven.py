"""Do trend and season differ between geos? The model shares them, relative to each geo's size.

Residuals of a geo, less the median geo's, are regressed on a slope and the first two waves of the year. Where these
explain more than noise would, an F test says so; its p-value times the number of geos is the chance that noise alone
makes any geo look as different. Where they do differ, what is left in the residuals is slow, channels that move slowly
are credited with it, and intervals that take it for noise are too narrow.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import f as f_distribution

WAVES = 2


def uneven_geos(residual: Float[np.ndarray, "geo time"], periods_per_year: float) -> Float[np.ndarray, " geo"]:
    """The chance that noise alone makes any geo's slow residuals as large as this geo's; 1 where too little is known.

    `residual` is relative to the geo's size, NaN where nothing is known. One geo alone has nobody to differ from.
    """
    geos, periods = residual.shape
    chance = np.ones(geos)
    if geos < 2:
        return chance
    own = residual - pd.DataFrame(residual).median().to_numpy()
    years = np.arange(periods) / periods_per_year
    waves = [wave(2 * np.pi * k * years) for k in range(1, WAVES + 1) for wave in (np.sin, np.cos)]
    columns = np.stack([np.ones(periods), years, *(waves if years[-1] >= 1 else [])], axis=-1)
    for geo, series in enumerate(own):
        known = np.isfinite(series)
        freedom = int(known.sum()) - columns.shape[1]
        if freedom < columns.shape[1]:
            continue
        slow = columns[known] @ np.linalg.lstsq(columns[known], series[known], rcond=None)[0]
        left = ((series[known] - slow) ** 2).sum() / freedom
        explained = ((slow - series[known].mean()) ** 2).sum() / (columns.shape[1] - 1)
        ratio = explained / max(left, 1e-300)
        chance[geo] = min(1.0, geos * float(f_distribution.sf(ratio, columns.shape[1] - 1, freedom)))
    return chance
