"""What happened when? Events, holidays and breaks as columns of the baseline.

    event[t]   share of period t that lies in the event's days, relative to the period it fills most
    break[t]   share of period t that lies on or after the break: 0 before it, 1 after it

All dates of one event share one coefficient: KPI (relative to the geo's size) of a period that the event fills. A
break's coefficient is the step that the level took. Both are linear, so they cost nothing to the sampler.

Events are written in the study. Holidays come from the package `holidays`, an extra, where a country is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmm.errors import InputError
from mmm.model.block import Block
from mmm.study import Event, Holidays, Model

EVENT_SCALE = 0.2
"""Half-normal scale of what events do to a period's KPI, relative to its mean."""
BREAK_SD = 0.5
"""Standard deviation of a step of the level, relative to the mean KPI: a break that is named is believed in."""


def events(time: pd.Index, in_window: np.ndarray, model: Model) -> Block:
    """One column for each event and each holiday that falls into the rows; a learned scale for all of them."""
    named = {event.name: occurrence(time, event) for event in model.events}
    unseen = [name for name, column in named.items() if not column[in_window].any()]
    if unseen:
        first, last = (f"{time[in_window][i]:%Y-%m-%d}" for i in (0, -1))
        raise InputError(
            [
                f"model.events: {name!r} has no day inside the window, {first} to {last}, so nothing can be learned of "
                "it: correct its dates, or leave it out"
                for name in unseen
            ]
        )
    public = national_holidays(model.holidays, time) if model.holidays else ()
    named |= {event.name: column for event in public if (column := occurrence(time, event))[in_window].any()}
    columns = np.stack(list(named.values()), axis=-1) if named else np.empty((len(time), 0))
    return Block("events", tuple(named), columns, np.zeros(len(named)), np.ones(len(named)), EVENT_SCALE)


def breaks(time: pd.Index, in_window: np.ndarray, model: Model) -> Block:
    """One step for each date at which the level shifted for good."""
    dates = sorted(set(model.breaks))
    columns = [overlap(time, day, None) for day in dates]
    idle = [day for day, column in zip(dates, columns, strict=True) if np.ptp(column[in_window]) == 0]
    if idle:
        first, last = (f"{time[in_window][i]:%Y-%m-%d}" for i in (0, -1))
        raise InputError(
            [
                f"model.breaks: {day} does not part the window, {first} to {last}: there is no level before it, or "
                "none after it, to compare"
                for day in idle
            ]
        )
    matrix = np.stack(columns, axis=-1) if columns else np.empty((len(time), 0))
    labels = tuple(f"break[{day}]" for day in dates)
    return Block("breaks", labels, matrix, np.zeros(len(dates)), np.full(len(dates), BREAK_SD))


def occurrence(time: pd.Index, event: Event) -> Float[np.ndarray, " time"]:
    """How much of each period the event fills, relative to the period that it fills most."""
    before, after = (timedelta(days=days) for days in event.window)
    spans = [(day, day) for day in event.dates] + ([(event.start, event.end)] if event.start and event.end else [])
    days = {day for first, last in spans for day in _days(first - before, last + after)}  # each day counts once
    column = np.sum([overlap(time, day, day) for day in sorted(days)], axis=0)
    return column / max(column.max(), 1e-12)


def overlap(time: pd.Index | np.ndarray, first: Any, last: Any) -> Float[np.ndarray, " time"]:
    """The share of each period between the start of day `first` and the end of day `last`; without end if None."""
    starts = np.asarray(time).astype("datetime64[s]").astype(float)
    ends = np.append(starts[1:], 2 * starts[-1] - starts[-2])
    until = np.inf if last is None else (pd.Timestamp(last) + pd.Timedelta(days=1)).timestamp()
    inside = np.minimum(ends, until) - np.maximum(starts, pd.Timestamp(first).timestamp())
    return np.clip(inside / (ends - starts), 0.0, 1.0)


def national_holidays(wanted: Holidays, time: pd.Index) -> Sequence[Event]:
    """The public holidays of a country in the years of `time`, one event for each name.

    Raises `InputError` where the package is not installed, or does not know the country.
    """
    try:
        calendar: Callable[..., Any] = import_module("holidays").country_holidays
    except ImportError as error:
        raise InputError(
            ["model.holidays needs the package `holidays`: pip install 'mmm[holidays]', or write them as model.events"]
        ) from error
    years = range(time[0].year, time[-1].year + 2)  # a last period may reach into the next year
    try:
        days = calendar(wanted.country, subdiv=wanted.region, years=years, observed=False)
    except NotImplementedError as error:
        raise InputError([f"model.holidays: {error}: write the holidays that matter as model.events"]) from error
    dates: dict[str, list[date]] = {}
    for day, names in sorted(days.items()):
        for name in str(names).split("; "):
            dates.setdefault(name, []).append(day)
    return [Event(name=name, dates=tuple(found), window=wanted.window) for name, found in dates.items()]


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))
