"""What would sales be without paid media? Linear columns with Gaussian priors, in blocks.

    baseline[g,t] = intercept[g] + trend(t) + breaks(t) + seasonality(t) + events(t)
                    + controls[g,t] b + treatments[g,t] d

in KPI relative to the geo's size.

Each block has columns, a prior standard deviation for each column, and possibly scales that are learned
(`mmm.model.block`): they let a block be flexible and still vanish when the data do not ask for it. Because every column
is linear and Gaussian, the model integrates the coefficients out (`mmm.model.collapse`), and flexibility costs next to
nothing.

To add a block, write a function that returns a `Block` and list it in `baseline_blocks`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from mmm.model.block import Block, Decaying, Horseshoe, Smooth, waves
from mmm.model.events import breaks, events
from mmm.study import Model

KNOTS_PER_YEAR = 4
DAYS_PER_YEAR = 365.2425
WAVES_PER_YEAR = 8
"""What a lengthscale of a quarter needs: 2.65 for each lengthscale in half of the domain (Riutort-Mayol et al.)."""
MARGIN = 1.5
"""The domain of the waves in multiples of the data's: they are zero at its ends, and the level must not be."""
LEVEL = (0.1, (float(np.log(0.75)), 0.5))
"""Of the smooth level: half-normal scale of its amplitude relative to the mean KPI, log-normal prior of its
lengthscale in years."""
HARMONICS = 12
"""Of the year, where two years or more are seen: the shortest repeats every month."""
SEASON_SCALE = 0.2
"""Half-normal scale of the first harmonic's amplitude, relative to the mean KPI."""
SEASON_DECAY = (0.4, 0.5)
"""Log-normal prior of the power at which amplitudes fall with a harmonic's order: median 1.5, 90 % in 0.65 to 3.4. Low
for a year of sharp holidays, high for one of summer and winter."""
CONTROL_SCALE = 0.2
"""Half-normal scale of what one standard deviation of a control does, relative to the mean KPI; no more than that under
a horseshoe."""
MANY_CONTROLS = 10
"""Above it `controls_prior: auto` is a horseshoe."""
TYPICAL_SIGMA = 0.1
"""Residual standard deviation, relative to the mean KPI, by which the horseshoe's global scale is set."""


def baseline_blocks(panel: xr.Dataset, model: Model, periods_per_year: float) -> tuple[Block, ...]:
    """The blocks a study asks for: the intercept, blocks that all geos share, blocks with values of a geo's own."""
    time, geo, inside = panel.indexes["time"], panel.indexes["geo"], panel["in_window"].values
    candidates = (
        intercept(geo, len(time)),
        *trend(time, inside, model, periods_per_year),
        breaks(time, inside, model),
        seasonality(time, inside, model, periods_per_year),
        events(time, inside, model),
        _shrunk(covariates(panel, "controls", "control"), model, int(inside.sum()) * len(geo)),
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
    if model.trend.kind == "gp":
        return slope, level(years, in_window, None if model.trend.knots == "auto" else count)
    if model.trend.kind == "linear" or count < 1:
        return (slope,)
    knots = np.linspace(years[in_window][0], years[in_window][-1], count + 2)[1:-1]
    hinges = np.maximum(0.0, years[:, None] - knots)
    bend = Block("bend", tuple(f"bend[{k:+.2f}y]" for k in knots), hinges, np.zeros(count), np.ones(count), 0.15)
    return slope, bend


def level(years: Float[np.ndarray, " time"], in_window: np.ndarray, count: int | None) -> Block:
    """A smooth level, a Gaussian process in `count` waves over the window; its amplitude and lengthscale are
    learned."""
    first, last = years[in_window][[0, -1]]
    middle, half = (first + last) / 2, (last - first) / 2
    count = count or max(4, round(2 * half * WAVES_PER_YEAR))
    columns = waves(years - middle, MARGIN * half, count)
    labels = tuple(f"level[{wave}]" for wave in range(1, count + 1))
    return Block("level", labels, columns, np.zeros(count), np.ones(count), Smooth(*LEVEL, MARGIN * half))


def seasonality(time: pd.Index, in_window: np.ndarray, model: Model, periods_per_year: float) -> Block:
    """Yearly Fourier terms, higher orders shrunk as much as the data say; for daily data the week's terms as well."""
    stamps = pd.DatetimeIndex(time)
    years = ((stamps - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=1)).to_numpy() / DAYS_PER_YEAR
    order = (
        model.seasonality.order
        if model.seasonality.order != "auto"
        else _auto_order(int(in_window.sum()), periods_per_year)
    )
    harmonics = [("year", k, k * years) for k in range(1, order + 1)]
    if periods_per_year > 300 and order:
        harmonics += [("week", k, k * years * DAYS_PER_YEAR / 7) for k in (1, 2, 3)]
    if not harmonics:
        return Block("seasonality", (), np.empty((len(time), 0)), np.empty(0), np.empty(0))
    columns = [wave(2 * np.pi * turns) for _, _, turns in harmonics for wave in (np.sin, np.cos)]
    labels = tuple(f"{wave}[{cycle}/{k}]" for cycle, k, _ in harmonics for wave in ("sin", "cos"))
    orders = tuple(k for _, k, _ in harmonics for _ in range(2))
    rule = Decaying(SEASON_SCALE, SEASON_DECAY, orders)
    return Block("seasonality", labels, np.stack(columns, axis=-1), np.zeros(len(labels)), np.ones(len(labels)), rule)


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
    return Block(variable, labels, columns, np.zeros(len(labels)), np.ones(len(labels)), CONTROL_SCALE)


def _shrunk(controls: Block, model: Model, cells: int) -> Block:
    """Many controls under a horseshoe that expects a tenth of them, or one, to matter."""
    count = len(controls.labels)
    wanted = model.controls_prior == "horseshoe" or (model.controls_prior == "auto" and count > MANY_CONTROLS)
    if not wanted or not count:
        return controls
    expected = max(1.0, count / 10)
    size = expected / max(count - expected, 1.0) * TYPICAL_SIGMA / np.sqrt(cells)
    return replace(controls, scale_prior=Horseshoe(float(size), CONTROL_SCALE))


def _auto_order(periods: int, periods_per_year: float) -> int:
    """Up to `HARMONICS` a year; two while less than two years are seen, none below one year or for yearly data."""
    years = periods / periods_per_year
    ceiling = int(periods_per_year // 2) - 1
    wanted = HARMONICS if years >= 2 else 2 if years >= 1 else 0
    return max(0, min(wanted, ceiling))
