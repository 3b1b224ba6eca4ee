"""Does last quarter's model still hold? New periods against what it foresees, and against what it was fed.

    watched = watch(fit, Path("new.csv"), today=date(2026, 11, 2))
    watched.alerts              # readings that ask for a decision, gravest monitor first
    watched.to_json()           # watch.json

| monitor | question |
|---|---|
| `forecast_level` | has the KPI left the forecast for good, in total or in a geo? |
| `forecast_score` | do forecasts miss by more than they said, in either direction? |
| `anomaly` | is there a single period that the model would not have believed? |
| `restated`, `data_age` | were old data changed, and do new ones still come? |
| `model_age`, `unread_column` | is it time for a refresh, and is there spend that the model does not know? |
| the others | `mmm.watch.inputs` |

Each monitor is designed for one false alarm in five years over all its subjects; how often it truly raises one, and how
soon a real change is found, stands in `mmm/watch/DESIGN.md`.

To add a monitor, write a function that yields readings and call it in `watch`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import norm

from mmm.data.extend import Extension, extend, read_new
from mmm.data.ingest import read_source
from mmm.data.words import says
from mmm.errors import listing
from mmm.insight.tables import ALL_GEOS
from mmm.model.fit import panel_of, study_of
from mmm.study import Study
from mmm.watch.chart import RATE, chart, limit_for, surprise
from mmm.watch.forecast import Foresight, foresight
from mmm.watch.inputs import read_inputs
from mmm.watch.reading import STATES, Reading, State, day, of_chart

RESTATED = 0.01
"""Share of a column's total by which restated cells may move it before the old fit is put in question."""
STALE_DAYS = 28
OLD_YEARS = 0.5
"""New periods beyond which a model is due for a refresh whatever the monitors say."""
REFRESH = "`mmm refresh` shows what the new periods change, and why."


@dataclass(frozen=True)
class Watch:
    """All readings, alerts first, and the new periods one by one."""

    readings: tuple[Reading, ...]
    periods: pd.DataFrame

    @property
    def alerts(self) -> list[Reading]:
        """Readings that ask for a decision."""
        return [reading for reading in self.readings if reading.state == "alert"]

    def to_json(self, **about: Any) -> str:
        """`watch.json`: `about`, then alerts and notices, the state of every monitor, and the new periods."""
        rows = self.periods.assign(time=self.periods["time"].dt.strftime("%Y-%m-%d")).round(6)
        periods = [{k: None if v != v else v for k, v in row.items()} for row in rows.to_dict("records")]
        told = [asdict(reading) for reading in self.readings]
        content = {
            **about,
            "first_new": rows["time"].min(),
            "last_new": rows["time"].max(),
            "alerts": [reading for reading in told if reading["state"] == "alert"],
            "notices": [reading for reading in told if reading["state"] == "notice"],
            "monitors": [{k: v for k, v in reading.items() if k not in ("message", "remedy")} for reading in told],
            "periods": periods,
        }
        return json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n"


def watch(fit: xr.DataTree, data: Path, today: dt.date | None = None) -> Watch:
    """The readings of all monitors on the periods of the file `data` that follow the fit's own.

    Raises `InputError` where the file cannot be read as the study reads its data, or has no new period.
    """
    study, panel = study_of(fit), panel_of(fit)
    late = read_new(study, data, panel)
    grown = extend(panel, late["panel"].to_dataset())
    unread = _unread_columns(study, data)
    return _judged(fit, grown, unread, _data_age(grown.panel, today or dt.date.today()))


def watch_panel(fit: xr.DataTree, late: xr.Dataset) -> Watch:
    """As `watch`, for new periods in memory; what asks about files and the calendar is left out."""
    return _judged(fit, extend(panel_of(fit), late))


def _judged(fit: xr.DataTree, grown: Extension, *others: Reading) -> Watch:
    seen = foresight(fit, grown.panel, grown.new)
    readings = [
        *_forecasts(seen, float(fit.attrs["periods_per_year"])),
        *read_inputs(grown.panel, grown.new),
        *_restated(grown),
        _model_age(grown),
        *others,
    ]
    return Watch(tuple(sorted(readings, key=lambda reading: STATES.index(reading.state))), seen.table)


def _forecasts(seen: Foresight, per_year: float) -> Iterator[Reading]:
    for geo in seen.geos:
        rows = seen.table[seen.table["geo"] == geo].reset_index(drop=True)
        times, scores, place = rows["time"].to_numpy(), seen.scores(geo), "" if geo == ALL_GEOS else f" in {geo}"
        level = chart(scores, limit_for(len(seen.geos), per_year))
        since = rows.iloc[level.first or 0 :]
        gap = float(since["actual"].sum() / since.loc[since["actual"].notna(), "expected"].sum() - 1)
        message = (
            f"The KPI{place} has been {abs(gap):.1%} {'above' if gap > 0 else 'below'} the forecast since "
            f"{day(times[level.first or 0])} ({len(since)} periods), more than the model's own uncertainty explains."
        )
        remedy = (
            "Look for what changed then: price, distribution, a competitor, tracking. Until it is known, do not read "
            f"the gap as media's doing. {REFRESH}"
        )
        yield of_chart("forecast_level", geo, level, times, message, remedy)
        spread = chart(surprise(scores), limit_for(len(seen.geos), per_year, sides=1), sides=(1,))
        inside = rows.iloc[spread.first or 0 :]
        held = ((inside["actual"] >= inside["p05"]) & (inside["actual"] <= inside["p95"])).mean()
        message = (
            f"Forecasts{place} miss by more than they said since {day(times[spread.first or 0])}: the 90 % interval "
            f"held {held:.0%} of {len(inside)} periods."
        )
        remedy = f"Intervals of forecasts and plans are too narrow now. {REFRESH}"
        yield of_chart("forecast_score", geo, spread, times, message, remedy)
        yield _anomaly(geo, place, rows, norm.isf(RATE / per_year / len(seen.geos) / 2))


def _anomaly(geo: str, place: str, rows: pd.DataFrame, limit: float) -> Reading:
    size = rows["score"].abs().fillna(0.0)
    wild = rows[size > limit]
    if wild.empty:
        return Reading("anomaly", geo, "ok", round(float(size.max()), 3), round(float(limit), 3))
    worst = rows.iloc[int(size.to_numpy().argmax())]
    chance = float(f"{-np.expm1(len(rows) * np.log1p(-2 * norm.sf(size.max()))):.2g}")
    days = listing([str(day(time)) for time in wild["time"]], 4)
    message = (
        f"The KPI{place} was not believable in {days}: on {day(worst['time'])} it was {worst['actual']:,.0f}, and the "
        f"model expected {worst['p05']:,.0f} to {worst['p95']:,.0f}, given the periods before."
    )
    remedy = "Check the export first. A true one-off belongs into model.events before the next refresh."
    first = day(wild["time"].iloc[0])
    return Reading("anomaly", geo, "alert", float(size.max()), float(limit), first, first, chance, message, remedy)


def _restated(grown: Extension) -> Iterator[Reading]:
    if grown.restated.empty:
        yield Reading("restated", "all columns", "ok", 0.0, RESTATED)
        return
    old = grown.panel.isel(time=~grown.new)
    for key, cells in grown.restated.groupby(["variable", "name"]):
        variable, name = map(str, cast(tuple[str, str], key))
        values = old[variable] if not name else old[variable].sel({old[variable].dims[-1]: name})
        moved = float((cells["after"] - cells["before"]).abs().sum() / max(float(np.abs(values).sum()), 1e-300))
        since = day(cells["time"].min())
        what = f"{name} ({variable})" if name else variable
        message = (
            f"{what} was restated in {len(cells)} old cells since {since}, by {moved:.1%} of its total: the model "
            "learned from other numbers."
        )
        state: State = "alert" if moved > RESTATED else "notice"
        yield Reading("restated", name or variable, state, moved, RESTATED, since, since, None, message, REFRESH)


def _model_age(grown: Extension) -> Reading:
    years = float(grown.new.sum() / float(grown.panel.attrs["periods_per_year"]))
    first = day(grown.panel["time"].values[grown.new][0])
    if years < OLD_YEARS:
        return Reading("model_age", "model", "ok", round(years, 3), OLD_YEARS)
    message = f"The model has not learned from {int(grown.new.sum())} periods since {first}."
    return Reading("model_age", "model", "notice", round(years, 3), OLD_YEARS, first, None, None, message, REFRESH)


def _data_age(panel: xr.Dataset, today: dt.date) -> Reading:
    times = pd.DatetimeIndex(panel["time"].values)
    end = times[-1] + (times[-1] - times[-2])
    days = (pd.Timestamp(today) - end).days
    limit = float(max(STALE_DAYS, (times[-1] - times[-2]).days))
    if days <= limit:
        return Reading("data_age", "data", "ok", float(days), limit)
    message = f"The newest period ended on {day(end)}, {days} days before {today}: what happened since is not watched."
    remedy = "Ask for the missing exports; a feed that stops is the commonest way for a model to go wrong unseen."
    return Reading("data_age", "data", "alert", float(days), limit, day(end), today, None, message, remedy)


def _unread_columns(study: Study, data: Path) -> Reading:
    if isinstance(study.data.source, tuple):
        return Reading("unread_column", "columns", "not_testable")
    source = study.data.model_copy(update={"source": str(data.resolve())})
    columns = map(str, read_source(study.model_copy(update={"data": source})).frame.columns)
    unread = [name for name in columns if name not in study.data.columns().values() and says(name, "spend")]
    if not unread:
        return Reading("unread_column", "columns", "ok", 0.0, 0.0)
    message = f"The new data have columns that look like spend and that the study does not read: {listing(unread)}."
    remedy = "If these are new channels, add them to data.channels: sales they bring are credited to others meanwhile."
    return Reading("unread_column", "columns", "notice", float(len(unread)), 0.0, None, None, None, message, remedy)
