"""Which test should we run, what could it find, and what does it cost? One call, one answer that can be kept.

    found = design(panel, "tv", periods=4, cells={"go-dark": 0.0}, share=0.25, seed=1)
    found.cells[0].geos, found.cells[0].minimum_detectable_lift, found.cells[0].spend_delta

A cell is a group of geos whose spend is multiplied by one number; the others stay controls:

    go-dark, holdback   0        nothing is spent; what is lost is what the channel brings
    heavy-down          0 to 1   less
    heavy-up            above 1  more; what is won is what the next money brings

Several cells make a multi-cell test. They share their controls, so their errors are correlated, and the lift table's
review says so. A go-dark answers for the channel's average return, a heavy-up for its marginal one.

    spend_delta   (multiple - 1) * mean spend of the cell's geos * periods          money, negative where it is saved
    minimum detectable return   minimum detectable lift * KPI of the cell / |spend_delta|      KPI units per money

Where a fit is given, cooldown, shape and size of the effect come from its posterior, and `assurance` is the power
averaged over that posterior. `refused` is not empty where the estimator does not cover on the geos' own past; then no
minimum detectable effect is stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from causal.design.expectation import Expected, expect
from causal.design.history import History, read_history
from causal.design.power import Power, aa_coverage, simulate_power
from causal.design.selection import Match, Selection, select
from causal.estimators.estimate import LEVEL
from causal.estimators.trial import Day, Panel
from mmm.errors import InputError

POWER = 0.8
SHARE = 0.25


@dataclass(frozen=True)
class Cell:
    """One group of treated geos and what is promised of it. Lifts are shares of KPI over the measured periods; NaN
    where nothing may be promised or is known."""

    name: str
    multiple: float
    geos: tuple[str, ...]
    spend_delta: float
    minimum_detectable_lift: float
    minimum_detectable_return: float
    expected_lift: tuple[float, float, float] | None
    assurance: float
    power: tuple[tuple[float, float, float], ...]

    @property
    def power_table(self) -> pd.DataFrame:
        """`lift, power, standard_error`."""
        return pd.DataFrame(list(self.power), columns=["lift", "power", "standard_error"])


@dataclass(frozen=True)
class Design:
    """A test as it is planned: days, cells, controls, and what its promises rest on."""

    channel: str
    start: str
    end: str
    measured_until: str
    cells: tuple[Cell, ...]
    controls: tuple[str, ...]
    excluded: tuple[str, ...]
    randomised: bool
    match: str
    seed: int
    level: float
    wanted_power: float
    coverage: float
    placebo_tests: int
    refused: str
    misfit: float
    history: tuple[str, str]
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a cell: what it costs and what it could find."""
        return pd.DataFrame(
            [
                {
                    "cell": cell.name,
                    "multiple": cell.multiple,
                    "geos": len(cell.geos),
                    "spend_delta": cell.spend_delta,
                    "minimum_detectable_lift": cell.minimum_detectable_lift,
                    "minimum_detectable_return": cell.minimum_detectable_return,
                    "expected_lift": cell.expected_lift[1] if cell.expected_lift else np.nan,
                    "assurance": cell.assurance,
                }
                for cell in self.cells
            ]
        )


def design(
    panel: Panel,
    channel: str,
    periods: int,
    *,
    cells: Mapping[str, float] | None = None,
    share: float | Sequence[float] = SHARE,
    cooldown: int | None = None,
    start: Day | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    match: Match = "strata",
    fit: xr.DataTree | None = None,
    level: float = LEVEL,
    power: float = POWER,
    seed: int = 1,
    columns: tuple[str, str, str] = ("geo", "time", "kpi"),
    spend: str | None = None,
) -> Design:
    """Choose geos for a test of `periods` periods, and say what it could find and what it costs.

    `cells` maps names to multiples of the usual spend (default: one go-dark cell); `share` is the share of the geos
    that each treats. `cooldown` periods after the end still count (default: what the fit expects, else 0); `start` is
    the first day (default: the first period after the past). `include` and `exclude` name geos. `spend` names the
    column of the channel's money in a long frame. `level` and `power` belong to the test. Raises `InputError` with
    every problem of the request.
    """
    wanted = dict(cells or {"go-dark": 0.0})
    shares = [share] * len(wanted) if isinstance(share, (int, float)) else list(share)
    problems = _request_problems(wanted, shares, periods, cooldown, level, power)
    if problems:
        raise InputError(problems, "the design")
    history = read_history(panel, channel, exclude=exclude, columns=columns, spend=spend)
    sizes = tuple(max(1, round(part * len(history.geos))) for part in shares)
    chosen = select(history, sizes, seed, include=tuple(include), match=match)
    drawn = [tuple(history.geos[row] for row in cell) for cell in chosen.assignments[0]]
    models = [expect(fit, channel, geos, multiple, periods) if fit is not None else None
              for geos, multiple in zip(drawn, wanted.values(), strict=True)]  # fmt: skip
    tail = cooldown if cooldown is not None else max((each.cooldown for each in models if each), default=0)
    gate = aa_coverage(history, chosen.assignments, periods + tail, level)
    made = []
    for number, (name, multiple) in enumerate(wanted.items()):
        simulated = None
        if not gate.refused:
            profile = _profile(models[number], periods, tail)
            simulated = simulate_power(
                history, chosen.assignments, profile, level, cell=number, sign=1 if multiple > 1 else -1
            )
        made.append(_cell(name, multiple, number, history, chosen, periods, tail, models[number], simulated, power))
    days = _days(history.times, start, periods, tail)
    taken = {name for cell in made for name in cell.geos}
    return Design(
        channel, *days, tuple(made), tuple(name for name in history.geos if name not in taken), tuple(exclude),
        chosen.randomised, match, seed, level, power, gate.coverage, gate.tests, gate.refused, chosen.score,
        (f"{history.times[0]:%Y-%m-%d}", f"{history.times[-1]:%Y-%m-%d}"), _notes(made, chosen, history, tail, fit),
    )  # fmt: skip


def _request_problems(
    cells: Mapping[str, float], shares: Sequence[float], periods: int, cooldown: int | None, level: float, power: float
) -> list[str]:
    problems = [f"cell {name!r} multiplies spend by {multiple}: that is no test; give 0, a share, or more than 1"
                for name, multiple in cells.items() if multiple == 1 or multiple < 0]  # fmt: skip
    if len(shares) != len(cells):
        problems.append(f"{len(shares)} shares for {len(cells)} cells: give one each, or one for all")
    problems += [f"share {share} is not between 0 and 1: name the share of geos to treat" for share in shares
                 if not 0 < share < 1]  # fmt: skip
    if periods < 1:
        problems.append(f"a test of {periods} periods moves nothing: give 1 or more")
    if cooldown is not None and cooldown < 0:
        problems.append(f"cooldown {cooldown} is negative: give the periods after the end that still count")
    problems += [f"{name} {value} is not between 0 and 1" for name, value in (("level", level), ("power", power))
                 if not 0 < value < 1]  # fmt: skip
    return problems


def _profile(model: Expected | None, periods: int, tail: int) -> np.ndarray:
    if model is not None:
        return model.profile(periods + tail)
    return np.concatenate([np.ones(periods), np.zeros(tail)])


def _cell(
    name: str,
    multiple: float,
    number: int,
    history: History,
    chosen: Selection,
    periods: int,
    tail: int,
    model: Expected | None,
    simulated: Power | None,
    power: float,
) -> Cell:
    rows = list(chosen.assignments[0][number])
    money = np.nan
    if history.spend is not None:
        money = (multiple - 1) * float(history.spend[rows].mean(1).sum()) * periods or np.nan
    smallest, curve = np.nan, tuple[tuple[float, float, float], ...]()
    if simulated is not None:
        smallest = simulated.minimum_detectable(power)
        curve = tuple((float(a), float(b), float(c)) for a, b, c in simulated.table().to_numpy())
    kpi = float(history.kpi[rows].mean(1).sum()) * (periods + tail)
    expected, assurance = None, np.nan
    if model is not None:
        draws = model.lift(periods + tail)
        low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
        expected = (float(low), float(middle), float(high))
        if simulated is not None:
            assurance = float(np.mean([simulated.at(float(lift)) for lift in draws]))
    return Cell(
        name=name,
        multiple=float(multiple),
        geos=tuple(history.geos[row] for row in rows),
        spend_delta=money,
        minimum_detectable_lift=smallest,
        minimum_detectable_return=smallest * kpi / abs(money),
        expected_lift=expected,
        assurance=assurance,
        power=curve,
    )


def _days(times: pd.DatetimeIndex, start: Day | None, periods: int, tail: int) -> tuple[str, str, str]:
    """First day, last day and last measured day, as long as periods are in the past."""
    step = times[-1] - times[-2]
    first = times[-1] + step if start is None else pd.Timestamp(start)
    moments = (first, first + periods * step, first + (periods + tail) * step)
    return f"{first:%Y-%m-%d}", *(f"{moment - pd.Timedelta(days=1):%Y-%m-%d}" for moment in moments[1:])  # type: ignore[return-value]


def _notes(
    cells: Sequence[Cell], chosen: Selection, history: History, tail: int, fit: xr.DataTree | None
) -> tuple[str, ...]:
    found = []
    if not chosen.randomised:
        found.append("Some geos were named and not drawn: the test is not randomised.")
    if len(cells) > 1:
        found.append("The cells share their controls: their errors are correlated.")
    if history.spend is None:
        found.append("The channel's spend by geo is not known: the cost of the test is not stated.")
    for cell in cells:
        if history.spend is not None and np.isnan(cell.spend_delta):
            found.append(
                f"Cell {cell.name}: nothing was spent there before, and a multiple of nothing moves no money. The cost "
                "of the test is what you decide to spend."
            )
    if fit is None and not tail:
        found.append("No cooldown is planned: what still lands after the last day is not counted.")
    for cell in cells:
        if cell.expected_lift is not None and abs(cell.expected_lift[1]) < cell.minimum_detectable_lift:
            found.append(
                f"Cell {cell.name}: the mix model expects a smaller lift than this test finds with the wanted power. "
                "Treat more geos, move more money, or test longer."
            )
    return tuple(found)
