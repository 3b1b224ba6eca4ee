"""What would sales be without paid media? Linear columns with Gaussian priors, in blocks.

    baseline[g,t] = intercept[g] + trend(t) + seasonality(t) + controls[g,t] b + treatments[g,t] d

in KPI relative to the geo's size.

Each block has columns, a prior standard deviation for each column, and possibly a scale that is learned: prior sd =
scale * sd with `scale ~ HalfNormal(scale_prior)`. A learned scale lets a block be flexible and still vanish when the
data do not ask for it. Because every column is linear and Gaussian, the model integrates the coefficients out
(`mmm.model.collapse`), and flexibility costs next to nothing.

To add a block, write a function that returns a `Block` and list it in `baseline_blocks`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from mmm.study import Model

KNOTS_PER_YEAR = 4
DAYS_PER_YEAR = 365.2425


@dataclass(frozen=True)
class Block:
    """Columns, `(time, column)` where all geos share them, with prior `Normal(mean, sd)`, times a learned scale where
    `scale_prior` is given."""

    name: str
    labels: tuple[str, ...]
    columns: Float[np.ndarray, "time *geo column"]
    mean: Float[np.ndarray, " column"]
    sd: Float[np.ndarray, " column"]
    scale_prior: float | None = None


def baseline_blocks(panel: xr.Dataset, model: Model, periods_per_year: float) -> tuple[Block, ...]:
    """The blocks a study asks for: the intercept, blocks that all geos share, blocks with values of a geo's own."""
    time, geo = panel.indexes["time"], panel.indexes["geo"]
    candidates = (
        intercept(geo, len(time)),
        *trend(time, panel["in_window"].values, model, periods_per_year),
        seasonality(time, panel["in_window"].values, model, periods_per_year),
        covariates(panel, "controls", "control"),
        covariates(panel, "treatments", "treatment"),
    )
    return tuple(block for block in candidates if block.labels)


def intercept(geo: pd.Index, periods: int) -> Block:
    """One level per geo; the KPI relative to the geo's size averages 1, so the prior does too."""
    columns = np.broadcast_to(np.eye(len(geo)), (periods, len(geo), len(geo)))
    return Block(
        "intercept", tuple(f"intercept[{name}]" for name in geo), columns, np.ones(len(geo)), np.ones(len(geo))
    )


def trend(time: pd.Index, in_window: np.ndarray, model: Model, periods_per_year: float) -> tuple[Block, ...]:
    """A slope, and a bend at each knot: `max(0, years since knot)`, whose size is learned."""
    if model.trend.kind == "none":
        return ()
    years = (np.arange(len(time)) - np.flatnonzero(in_window).mean()) / periods_per_year
    span = years[in_window][-1] - years[in_window][0]
    slope = Block("trend", ("slope_per_year",), years[:, None], np.zeros(1), np.array([0.3 / max(span, 1.0)]))
    count = round(span * KNOTS_PER_YEAR) - 1 if model.trend.knots == "auto" else int(model.trend.knots)
    if model.trend.kind == "linear" or count < 1:
        return (slope,)
    knots = np.linspace(years[in_window][0], years[in_window][-1], count + 2)[1:-1]
    hinges = np.maximum(0.0, years[:, None] - knots)
    bend = Block("bend", tuple(f"bend[{k:+.2f}y]" for k in knots), hinges, np.zeros(count), np.ones(count), 0.15)
    return slope, bend


def seasonality(time: pd.Index, in_window: np.ndarray, model: Model, periods_per_year: float) -> Block:
    """Yearly Fourier terms, higher orders shrunk more; for daily data the week's terms as well."""
    stamps = pd.DatetimeIndex(time)
    angle = 2 * np.pi * ((stamps - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=1)).to_numpy() / DAYS_PER_YEAR
    order = (
        model.seasonality.order
        if model.seasonality.order != "auto"
        else _auto_order(int(in_window.sum()), periods_per_year)
    )
    columns = [wave(k * angle) for k in range(1, order + 1) for wave in (np.sin, np.cos)]
    labels = [f"{wave}[year/{k}]" for k in range(1, order + 1) for wave in ("sin", "cos")]
    sd = [1.0 / k for k in range(1, order + 1) for _ in range(2)]
    if periods_per_year > 300 and order:
        week = angle * DAYS_PER_YEAR / 7
        columns += [wave(k * week) for k in (1, 2, 3) for wave in (np.sin, np.cos)]
        labels += [f"{wave}[week/{k}]" for k in (1, 2, 3) for wave in ("sin", "cos")]
        sd += [1.0] * 6
    matrix = np.stack(columns, axis=-1) if columns else np.empty((len(time), 0))
    return Block("seasonality", tuple(labels), matrix, np.zeros(len(labels)), np.array(sd), 0.2)


def covariates(panel: xr.Dataset, variable: str, dimension: str) -> Block:
    """Controls or treatments, each centred and scaled to unit standard deviation inside the window; one learned
    scale."""
    if variable not in panel:
        return Block(variable, (), np.empty((panel.sizes["time"], panel.sizes["geo"], 0)), np.empty(0), np.empty(0))
    raw = panel[variable].transpose("time", "geo", dimension).to_numpy().astype(float)
    inside = raw[panel["in_window"].to_numpy()].reshape(-1, raw.shape[-1])
    spread = inside.std(axis=0)
    columns = (raw - inside.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    labels = tuple(str(name) for name in panel.indexes[dimension])
    return Block(variable, labels, columns, np.zeros(len(labels)), np.ones(len(labels)), 0.2)


def _auto_order(periods: int, periods_per_year: float) -> int:
    """Up to six yearly harmonics; two while less than two years are seen, none below one year or for yearly data."""
    years = periods / periods_per_year
    ceiling = int(periods_per_year // 2) - 1
    wanted = 6 if years >= 2 else 2 if years >= 1 else 0
    return max(0, min(wanted, ceiling))
