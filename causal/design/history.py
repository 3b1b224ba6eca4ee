"""What does the past of these geos look like to someone who plans a test? KPI and spend as arrays `geo time`.

    history = read_history(panel, channel="tv")

`panel` is what the estimators take: a long frame with the columns `geo`, `time` and `kpi` (others are named by
`columns`), a wide frame with a column a geo, or the project's DataTree, which also knows the channel's spend. From a
long frame spend is read from the column that `spend` names. Without spend a design still has a power curve; it has no
cost.

`placebo` lays a test without effect into the past, so that every question about a design is asked of the very
estimator that will analyse it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from causal.estimators.trial import Panel, Trial, holes, wide_table
from mmm.errors import InputError, closest

LEAST_GEOS = 4


@dataclass(frozen=True)
class History:
    """The geos that may take part, and their past; `spend` is the channel's, in money, None where it is not known."""

    kpi: Float[np.ndarray, "geo time"]
    spend: Float[np.ndarray, "geo time"] | None
    geos: tuple[str, ...]
    times: pd.DatetimeIndex

    def numbers(self, names: Sequence[str]) -> tuple[int, ...]:
        """The rows of the named geos."""
        return tuple(self.geos.index(name) for name in names)


def read_history(
    panel: Panel,
    channel: str | None = None,
    *,
    exclude: Sequence[str] = (),
    columns: tuple[str, str, str] = ("geo", "time", "kpi"),
    spend: str | None = None,
) -> History:
    """The past of every geo that is not excluded. Raises `InputError` with every problem: unknown geos, holes, a
    channel or a column that is not there, fewer than four geos."""
    wide = wide_table(panel, columns)
    names = [str(name) for name in wide.columns]
    wide.columns = pd.Index(names)
    kept = wide[[name for name in names if name not in exclude]]
    problems = [f"there is no geo {name!r}: {closest(name, names)}" for name in exclude if name not in names]
    problems += holes(kept)
    if kept.shape[1] < LEAST_GEOS:
        problems.append(f"{kept.shape[1]} geos are too few to treat some and compare with others: give {LEAST_GEOS}")
    money, more = _spend(panel, channel, spend, columns)
    if problems + more:
        raise InputError([*problems, *more], "the history")
    cells = None
    if money is not None:
        cells = money.reindex(index=kept.index, columns=kept.columns).fillna(0.0).to_numpy(dtype=float).T.copy()
    return History(
        kept.to_numpy(dtype=float).T.copy(), cells, tuple(str(name) for name in kept), pd.DatetimeIndex(kept.index)
    )


def _spend(
    panel: Panel, channel: str | None, spend: str | None, columns: tuple[str, str, str]
) -> tuple[pd.DataFrame | None, list[str]]:
    """The channel's money as a wide table, and why it cannot be read."""
    if isinstance(panel, xr.DataTree):
        if channel is None:
            return None, []
        data = panel["panel"].to_dataset()
        known = [str(name) for name in data["channel"].values]
        if channel not in known:
            return None, [f"there is no channel {channel!r}: {closest(channel, known)}"]
        money = data["spend"].sel(channel=channel).transpose("time", "geo")
        geos = [str(name) for name in money["geo"].values]
        return pd.DataFrame(money.values, index=pd.DatetimeIndex(money["time"].values), columns=geos), []
    if spend is None:
        return None, []
    if spend not in panel:
        return None, [f"there is no column {spend!r}: {closest(spend, [str(name) for name in panel])}"]
    table = wide_table(panel, (columns[0], columns[1], spend))
    return table.rename(columns=str), []


def placebo(history: History, treated: Sequence[int], dropped: Sequence[int], last: int, measured: int) -> Trial:
    """A test in which nothing happened: `treated` rows in the `measured` periods that end before period `last`.

    Rows in `dropped` (other cells of the test) are neither treated nor controls.
    """
    kept = [row for row in range(len(history.geos)) if row not in dropped]
    times = history.times[:last]
    return Trial(
        kpi=history.kpi[kept, :last],
        treated=np.isin(kept, treated),
        measured=np.arange(last) >= last - measured,
        geos=tuple(history.geos[row] for row in kept),
        times=times,
        start=times[-measured],
        end=times[-1],
        measured_until=times[-1],
    )
