"""Which of several models predicts best, and what does each say of every channel?

    found = compare(panel, {"auto": study, "hill": other})
    found.scores      # variant, origin, time, geo, log_density: predictions of quarters that were hidden
    found.ranking     # variant, gain per period over the best, and its standard error
    found.returns     # variant, channel, ROI with its interval, fitted on everything

Origins roll forward: at each, everything later is hidden, the model is fitted anew, and the next quarter is scored.

    log density = log N(y; mean, sd of the predictive draws)

is proper whatever the likelihood (Dawid and Sebastiani 1999): a variant gains by being right and by knowing how sure it
is. Differences are taken period by period, so that hard periods count alike for all. A better score says that a model
forecasts better; it cannot say that its causal claims are truer, so look at what agrees and not only at who wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from mmm.errors import InputError
from mmm.insight.predictive import predictive
from mmm.insight.tables import channels_table
from mmm.model.fit import fit as fit_model
from mmm.model.fit import panel_of
from mmm.study import Study
from mmm.watch.backtest import HIDDEN_YEARS, SHORTEST_TRAINING_YEARS, masked, quick


@dataclass(frozen=True)
class Comparison:
    """Scores by hidden period, the variants from best to worst, and their returns by channel."""

    scores: pd.DataFrame
    ranking: pd.DataFrame
    returns: pd.DataFrame


def compare(
    panel: xr.DataTree,
    variants: Mapping[str, Study],
    origins: int = 3,
    fits: Mapping[str, xr.DataTree] | None = None,
) -> Comparison:
    """Fits every variant quickly at each of at most `origins` rolling origins, and on the whole panel.

    `fits` has what has been fitted on the whole panel already, by the variant's name.
    Raises `InputError` for fewer than two variants, and where the history is too short to hide a quarter.
    """
    window = np.flatnonzero(panel_of(panel)["in_window"].values)
    per_year = float(panel.attrs["periods_per_year"])
    block = max(4, round(per_year * HIDDEN_YEARS))
    possible = int((len(window) - SHORTEST_TRAINING_YEARS * per_year) // block)
    problems = [] if len(variants) > 1 else [f"{len(variants)} variant: name at least two, there is nothing to compare"]
    if possible < 1:
        problems.append(f"{len(window)} periods are too few to hide {block} of them and fit on a year: add history")
    if problems:
        raise InputError(problems)
    starts = [len(window) - block * left for left in range(min(origins, possible), 0, -1)]
    scores, returns = [], []
    for name, study in variants.items():
        asked = quick(study)
        scores += [_scored(panel, asked, window, start, block).assign(variant=name) for start in starts]
        whole = (fits or {}).get(name)
        table = channels_table(fit_model(panel, asked) if whole is None else whole)
        rows = table[(table["metric"] == "roi") & (table["geo"] == "all")]
        returns.append(rows[["channel", "median", "p05", "p95"]].assign(variant=name))
    every = pd.concat(scores, ignore_index=True)
    return Comparison(every, ranking(every), pd.concat(returns, ignore_index=True))


def _scored(panel: xr.DataTree, study: Study, window: np.ndarray, start: int, block: int) -> pd.DataFrame:
    """Log density of the quarter after `start`, by period and geo."""
    asked = window[start : start + block]
    _, predicted = predictive(fit_model(masked(panel, window[start:]), study), asked)
    actual = panel_of(panel)["kpi"].transpose("geo", "time").isel(time=asked)
    middle, spread = (getattr(predicted, part)("sample").transpose("geo", "time") for part in ("mean", "std"))
    density = -0.5 * np.log(2 * np.pi * spread**2) - 0.5 * ((actual - middle) / spread) ** 2
    table = density.to_dataframe("log_density").reset_index()[["time", "geo", "log_density"]]
    return table.assign(origin=actual["time"].values[0])


def ranking(scores: pd.DataFrame) -> pd.DataFrame:
    """`variant, log_density, behind, standard_error`: means per period; `behind` is against the best, paired."""
    wide = scores.pivot(index=["time", "geo"], columns="variant", values="log_density").dropna()
    order = wide.mean().sort_values(ascending=False).index
    behind = wide.rsub(wide[order[0]], axis=0)[order]
    return pd.DataFrame(
        {
            "variant": list(order),
            "log_density": wide.mean()[order].to_numpy(),
            "behind": behind.mean().to_numpy(),
            "standard_error": (behind.std(ddof=1) / np.sqrt(len(behind))).to_numpy(),
        }
    )
