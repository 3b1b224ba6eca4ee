"""Does something happen in the same weeks of every year that the season does not follow? A holiday, a sale, a fair.

Yearly waves are smooth; a week of holidays is not. What they leave behind comes back a year later, unlike noise:

    z[y,s]      what was not expected in part s of year y, in robust standard deviations
    chance[s] = 2 (1 - Phi(min over y of |z[y,s]|))^years     if z has one sign in all years, else 1

is how often pure noise would be as far off, in all years, in the same direction. Times the number of parts it holds for
the year as a whole (Bonferroni).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import norm

LONGEST_YEAR = 52
"""Parts of a year: its periods, weeks where there are more."""
SHORTEST_YEAR = 12
DAYS = 365.2425


def recurring_parts(
    dates: pd.DatetimeIndex, residual: Float[np.ndarray, " time"], periods_per_year: float
) -> pd.DataFrame:
    """Parts of the year seen in two years or more: `chance` (for the year as a whole), `residual` (mean, in its own
    units), `date` (the latest that begins it), most striking first.

    Empty for years of fewer than a dozen periods. `residual` may be NaN, where nothing is known.
    """
    parts = min(round(periods_per_year), LONGEST_YEAR)
    if parts < SHORTEST_YEAR:
        return pd.DataFrame(columns=["chance", "residual", "date"])
    day = dates.day_of_year.to_numpy() - 1
    table = pd.DataFrame({"part": np.minimum(day * parts // DAYS, parts - 1), "year": dates.year, "residual": residual})
    table["date"] = dates
    cells = table.dropna().groupby(["part", "year"], as_index=False).agg({"residual": "mean", "date": "min"})
    scale = 1.4826 * cells["residual"].abs().median()
    cells["z"] = cells["residual"] / (scale if scale > 0 else 1.0)
    found = cells.groupby("part").agg(
        years=("z", "size"),
        least=("z", lambda z: z.abs().min() * (abs(np.sign(z).sum()) == len(z))),
        residual=("residual", "mean"),
        date=("date", "max"),
    )
    found = found[found["years"] >= 2]
    chance = 2.0 * norm.sf(found["least"]) ** found["years"] * len(found)
    return found.assign(chance=chance.clip(upper=1.0)).sort_values("chance")[["chance", "residual", "date"]]
