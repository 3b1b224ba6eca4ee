"""What does a monitor say? One reading a monitor and subject, and a sentence for those that raise an alert.

An `alert` asks for a decision before the model is used again; a `notice` is worth knowing; `ok` and `not_testable` need
nobody. Each alert says what happened, since when, how probable it is while nothing has changed (`chance`, None where
the finding is a fact), and what to do.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from mmm.watch.chart import Signal

State = Literal["ok", "notice", "alert", "not_testable"]
STATES: tuple[State, ...] = ("alert", "notice", "ok", "not_testable")


@dataclass(frozen=True)
class Reading:
    """One monitor's word on one subject; `since` is the first period concerned, `seen` the one that raised it."""

    monitor: str
    subject: str
    state: State
    statistic: float | None = None
    limit: float | None = None
    since: dt.date | None = None
    seen: dt.date | None = None
    chance: float | None = None
    message: str = ""
    remedy: str = ""


def of_chart(monitor: str, subject: str, signal: Signal, times: np.ndarray, message: str, remedy: str) -> Reading:
    """The reading of a chart over the periods `times`; `message` and `remedy` are kept where it alarms."""
    statistic, limit = round(signal.peak, 3), round(signal.limit, 3)
    if signal.at is None or signal.first is None:
        return Reading(monitor, subject, "ok", statistic, limit)
    since, seen = day(times[signal.first]), day(times[signal.at])
    return Reading(monitor, subject, "alert", statistic, limit, since, seen, _rounded(signal.chance), message, remedy)


def day(time: object) -> dt.date:
    """The calendar day of a period's start."""
    return pd.Timestamp(time).date()  # type: ignore[arg-type]


def _rounded(chance: float) -> float:
    """Two significant digits: more would pretend."""
    return float(f"{chance:.2g}")
