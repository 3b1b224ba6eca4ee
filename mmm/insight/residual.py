"""What did the model not explain? Its memory, its coverage, its extremes, and what comes back or belongs to one geo.

A wrong model shows in its residuals when its sampler is content: each check here asks for one pattern that noise does
not have, and says which remedy the study knows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mmm.errors import listing
from mmm.insight.evidence import Evidence, Row, above, row
from mmm.insight.recurring import recurring_parts
from mmm.insight.uneven import uneven_geos
from mmm.study import INTERVAL

AUTOCORRELATION = 0.3
"""Between residuals and those of the period before; less where `CHANCE` standard errors of it are less."""
CHANCE = 5.0
COVERAGE = (0.80, 0.98)
RECURRING = 0.01
"""How rarely noise alone may look as much like a holiday, in any week of the year, or like a season of a geo's own."""
OUTLIER = 4.5
"""Robustly standardised residual beyond which a period is named; normal noise passes it once in 150,000 periods."""


def residuals(evidence: Evidence) -> Iterator[Row]:
    """What the model did not explain: its memory, its coverage, and its extremes."""
    memory = _memory(evidence)
    message = (
        f"Residuals remember the period before (correlation {memory:.2f}): something slow that moves sales is missing "
        "from the model, and intervals are too narrow. Look for a promotion, price or distribution change."
    )
    if memory < 0:
        message = (
            f"Residuals swing from one period to the next (correlation {memory:.2f}): sales shift between neighbouring "
            "periods, or the baseline bends too freely. Check how sales are dated, and try fewer trend knots."
        )
    limit = min(AUTOCORRELATION, CHANCE / float(np.sqrt(np.isfinite(evidence.actual).sum())))
    yield row("residual_autocorrelation", "kpi", memory, limit, above(abs(memory), limit), message)
    low, high = np.quantile(evidence.predicted.transpose("sample", "geo", "time"), INTERVAL, axis=0)
    known = np.isfinite(evidence.actual)
    share = float(((evidence.actual >= low) & (evidence.actual <= high))[known].mean())
    message = (
        f"The 90 % predictive interval holds {share:.0%} of the periods it was fitted to, so the noise is not what the "
        "model assumes. Look for one-off events, or try likelihood: student_t."
    )
    yield row(
        "interval_coverage",
        "kpi",
        share,
        COVERAGE[0],
        "pass" if COVERAGE[0] <= share <= COVERAGE[1] else "caution",
        message,
    )
    yield _extremes(evidence)
    yield from _recurring(evidence)
    yield from _uneven(evidence)


def _extremes(evidence: Evidence) -> Row:
    size = np.abs(evidence.residual)
    robust = np.nan_to_num(size / (1.4826 * np.nanmedian(size)))
    places = np.argwhere(robust > OUTLIER)
    geo, time = evidence.expected["geo"].values, pd.DatetimeIndex(evidence.expected["time"].values)
    shown = [f"{time[t]:%Y-%m-%d}" + (f" ({geo[g]})" if len(geo) > 1 else "") for g, t in places[:5]]
    more = f" and {len(places) - len(shown)} more" if len(places) > len(shown) else ""
    message = (
        f"Far outside what the model expects: {', '.join(shown)}{more}. Check for data errors or one-off events; they "
        "pull at the channels that were active then."
    )
    return row("extreme_periods", "kpi", robust.max(), OUTLIER, "caution" if len(places) else "pass", message)


def _recurring(evidence: Evidence) -> Iterator[Row]:
    dates = pd.DatetimeIndex(evidence.expected["time"].values)
    found = recurring_parts(dates, evidence.missed.sum(axis=0), float(evidence.panel.attrs["periods_per_year"]))
    if found.empty:
        return
    level = float(np.nansum(evidence.actual, axis=0).mean())
    striking = found[found["chance"] < RECURRING].head(3)
    dated = zip(pd.DatetimeIndex(striking["date"]), striking["residual"] / level, strict=True)
    places = ", ".join(f"{date:%Y-%m-%d} ({size:+.0%})" for date, size in dated)
    message = (
        f"Sales are off in the same weeks every year, which the season does not follow: {places}. Channels that are "
        "active then get the credit or the blame. Name the days under model.events, or a country under model.holidays."
    )
    chance = float(found["chance"].iloc[0])
    yield row("recurring_weeks", "kpi", chance, RECURRING, above(-chance, -RECURRING), message)


def _uneven(evidence: Evidence) -> Iterator[Row]:
    if len(evidence.actual) < 2:
        return
    relative = evidence.missed / np.nanmean(evidence.actual, axis=1, keepdims=True)
    chance = uneven_geos(relative, float(evidence.panel.attrs["periods_per_year"]))
    found = [str(evidence.expected["geo"].values[geo]) for geo in np.argsort(chance) if chance[geo] < RECURRING]
    message = (
        f"Trend or season of {listing(found)} differs from what all geos share: what is left is slow, is credited to "
        "channels, and intervals are too narrow. Give what moves these geos as a control, or fit them by themselves."
    )
    least = float(chance.min())
    yield row("uneven_geos", "kpi", least, RECURRING, above(-least, -RECURRING), message)


def _memory(evidence: Evidence) -> float:
    """Correlation of residuals with those of the period before, averaged over posterior draws.

    Residuals of one draw are the noise itself when the model is right. Residuals of the posterior mean are not: the
    more freely the baseline bends, the more they swing, whatever the noise does.
    """
    residual = evidence.actual - evidence.expected.transpose("sample", "geo", "time").to_numpy()
    residual = residual / np.nanstd(residual, axis=(0, 2), keepdims=True)
    before, after = (part.reshape(len(residual), -1) for part in (residual[..., :-1], residual[..., 1:]))
    known = np.isfinite(before[0] + after[0])
    before, after = (part[:, known] - part[:, known].mean(axis=1, keepdims=True) for part in (before, after))
    products = (before * after).sum(axis=1) / np.sqrt((before**2).sum(axis=1) * (after**2).sum(axis=1))
    return float(products.mean())
