"""What do many experiments together still say? Some are old, some count sales twice, some disturb each other.

    flags(table, panel)             # one row a finding, from the lift table and the calendar alone
    usable_past(times, row, table)  # the periods before a test that no other test has touched

    flag                 when
    old                  measured more than two years before the panel ends: the channel may work differently now
    in_training          its measured periods are also in the model's window: the same sales are seen twice
    same_cells           two tests share treated geos and periods: neither lift belongs to one of them
    shared_controls      two tests share periods, not geos: each one's treated geos may be the other's controls,
                         and what hits the controls hits both estimates
    contaminated_past    a test, or its fading effect, lies in the past that a later test learns from

The decontamination rule: what a test learns from is `PAST` times its own length before its start. Periods of it in
which another test moved spend in the same geos, or in geos that serve as controls, are left out of the past, from
that test's start until its effect has faded (`measured_until`, and `fade` periods of its channel after its end if that
is later). `conflict` asks the next question, whether experiments and model contradict each other.

Rows come from `mmm.data.lift.read_lift`. To add a flag, write a function that yields `Flag`s and list it in `FLAGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Bool

STALE_YEARS = 2.0
PAST = 3
"""Lengths of a test that its estimator needs before the start (`causal.estimators.ensemble` tries as many out)."""
COLUMNS = ["experiment", "other", "flag", "severity", "statistic", "message"]

Fade = Mapping[str, int]
"""Periods after a test's end in which its channel's effect still lands."""


@dataclass(frozen=True)
class Flag:
    """One finding about one experiment, or about two."""

    experiment: str
    other: str
    flag: str
    severity: Literal["info", "caution"]
    statistic: float
    message: str


@dataclass(frozen=True)
class Test:
    """A row of the lift table with its geos written out."""

    __test__ = False  # the name is statistics' own; pytest is not meant

    name: str
    channels: tuple[str, ...]
    geos: frozenset[str]
    start: pd.Timestamp
    end: pd.Timestamp
    measured_until: pd.Timestamp

    def faded(self, fade: Fade, step: pd.Timedelta) -> pd.Timestamp:
        """The last day on which its effect is still felt."""
        longest = max((fade.get(channel, 0) for channel in self.channels), default=0)
        return max(self.measured_until, self.end + longest * step)

    @property
    def label(self) -> str:
        """Its name, with its channels, which tell the cells of one experiment apart."""
        return f"{self.name} ({', '.join(self.channels)})"


@dataclass(frozen=True)
class Registry:
    """All tests on one panel's calendar."""

    tests: tuple[Test, ...]
    times: pd.DatetimeIndex
    in_window: Bool[np.ndarray, " time"]
    fade: Fade

    @property
    def step(self) -> pd.Timedelta:
        return pd.Timedelta(self.times[-1] - self.times[-2])

    @property
    def pairs(self) -> Iterator[tuple[Test, Test]]:
        """Every two tests, the earlier one first."""
        ordered = sorted(self.tests, key=lambda test: (test.start, test.end, test.name))
        return ((one, two) for place, one in enumerate(ordered) for two in ordered[place + 1 :])


def flags(table: pd.DataFrame, panel: xr.DataTree, fade: Fade | None = None) -> pd.DataFrame:
    """Every finding: `experiment, other, flag, severity, statistic, message`; empty where nothing is wrong.

    `fade` gives the periods until a channel's effect is gone (the mix model's carryover); `measured_until` counts where
    it is later, or alone.
    """
    return pd.DataFrame([asdict(flag) for flag in find(table, panel, fade)], columns=COLUMNS)


def find(table: pd.DataFrame, panel: xr.DataTree, fade: Fade | None = None) -> list[Flag]:
    """The same as a list."""
    registry = read_registry(table, panel, fade)
    return [flag for ask in FLAGS for flag in ask(registry)]


def read_registry(table: pd.DataFrame, panel: xr.DataTree, fade: Fade | None = None) -> Registry:
    """The lift table on the panel's calendar."""
    data = panel["panel"].to_dataset()
    everywhere = frozenset(str(name) for name in data["geo"].values)
    tests = tuple(_test(row, everywhere) for row in table.to_dict("records"))
    return Registry(tests, pd.DatetimeIndex(data["time"].values), data["in_window"].values.astype(bool), fade or {})


def usable_past(
    times: pd.DatetimeIndex, experiment: str, table: pd.DataFrame, geos: frozenset[str], fade: Fade | None = None
) -> Bool[np.ndarray, " time"]:
    """Which periods before an experiment's start nothing else disturbed: the past to analyse it with.

    `geos` are all that the analysis uses, treated and controls; a test elsewhere disturbs nothing. True from the start
    on, too, so that `frame[usable_past(...)]` is what the estimator is given.
    """
    tests = [_test(row, geos) for row in table.to_dict("records")]
    (own, *_) = [test for test in tests if test.name == experiment]
    step, usable = pd.Timedelta(times[-1] - times[-2]), np.ones(len(times), dtype=bool)
    for other in tests:
        if other.name != experiment and other.geos & geos:
            usable &= ~np.asarray((times + step > other.start) & (times <= other.faded(fade or {}, step)))
    return usable | np.asarray(times >= own.start)


def stale(registry: Registry) -> Iterator[Flag]:
    """Measured long ago."""
    for test in registry.tests:
        years = (registry.times[-1] - test.measured_until) / pd.Timedelta(days=365.25)
        if years > STALE_YEARS:
            said = (
                f"{test.label} was measured {years:.1f} years before the data end: its channel may work differently "
                "now. Plan a repeat."
            )
            yield Flag(test.name, "", "old", "caution", years, said)


def in_training(registry: Registry) -> Iterator[Flag]:
    """Sales that model and experiment both see."""
    for test in registry.tests:
        measured = (registry.times >= test.start) & (registry.times <= test.measured_until)
        seen = int((measured & registry.in_window).sum())
        if seen:
            said = (
                f"{test.label}: {seen} of its {int(measured.sum())} measured periods are also in the model's window, "
                "so that the same sales count twice, and agreement with the model says less than it seems to."
            )
            yield Flag(test.name, "", "in_training", "info", seen / int(measured.sum()), said)


def overlapping(registry: Registry) -> Iterator[Flag]:
    """Two tests at the same time: in the same geos, or with controls in common."""
    for one, two in registry.pairs:
        if two.start > one.measured_until:
            continue
        shared = one.geos & two.geos
        if shared:
            said = (
                f"{one.label} and {two.label} share {len(shared)} treated geos at the same time: neither lift belongs "
                "to one of them alone. Enter them as one row with both channels, or leave one out."
            )
            yield Flag(one.name, two.name, "same_cells", "caution", float(len(shared)), said)
        else:
            said = (
                f"{one.label} and {two.label} ran at the same time in different geos: if they share controls, their "
                "errors are correlated, and if one's treated geos were the other's controls, its lift is biased."
            )
            yield Flag(one.name, two.name, "shared_controls", "caution", 0.0, said)


def contaminated_past(registry: Registry) -> Iterator[Flag]:
    """A test in the past that a later one learns from."""
    for one, two in registry.pairs:
        if two.start <= one.measured_until:
            continue
        learns_from = two.start - PAST * ((two.end - two.start) // registry.step + 1) * registry.step
        faded = one.faded(registry.fade, registry.step)
        if faded >= learns_from and one.geos & two.geos:
            said = (
                f"{one.label} lies in the past from which {two.label} is estimated, in the same geos: leave its "
                "periods out of the past (causal.registry.usable_past), or the later lift is measured from a moved "
                "baseline."
            )
            if faded >= two.start:
                said = (
                    f"The effect of {one.label} is still fading when {two.label} starts in the same geos: the later "
                    "lift holds a part of the earlier one. Wait longer between tests, or use other geos."
                )
            share = (min(faded, two.start) - max(one.start, learns_from)) / (two.start - learns_from)
            yield Flag(two.name, one.name, "contaminated_past", "caution", float(share), said)


FLAGS: tuple[Callable[[Registry], Iterator[Flag]], ...] = (stale, in_training, overlapping, contaminated_past)


def _test(row: Mapping[Any, Any], everywhere: frozenset[str]) -> Test:
    named = tuple(row["geos"])
    geos = everywhere if named in ((), ("all",)) else frozenset(named)
    return Test(str(row["experiment"]), tuple(row["channel"]), geos, row["start"], row["end"], row["measured_until"])
