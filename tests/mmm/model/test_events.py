"""Events, holidays and breaks become columns of the right days, and what they did is found again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.insight import decompose
from mmm.model.baseline import baseline_blocks
from mmm.model.block import Block, centre_of_scales, column_scales
from mmm.model.collapse import Noise, draw_coefficients
from mmm.model.events import breaks, events, national_holidays, occurrence
from mmm.model.fit import fit, model_of
from mmm.study import Event, Holidays, InputError, Model, StudyError

Market = Callable[..., xr.DataTree]

WEEKS = pd.date_range("2024-01-01", periods=10, freq="W-MON")
DAYS = pd.date_range("2024-01-01", periods=10, freq="D")
MONTHS = pd.date_range("2024-01-01", periods=3, freq="MS")
INSIDE = np.ones(10, bool)
PLAIN = {"adstock": "none", "saturation": "none", "max_lag": 0, "trend": {"kind": "none"}, "seasonality": {"order": 0}}


def test_an_event_is_one_in_the_period_that_holds_its_day() -> None:
    fair = Event(name="fair", dates=(date(2024, 1, 9), date(2024, 1, 31)))
    assert occurrence(WEEKS, fair).tolist() == [0, 1, 0, 0, 1, 0, 0, 0, 0, 0]
    assert occurrence(DAYS, fair).tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0]


def test_an_event_s_days_around_count_as_well_and_once() -> None:
    fair = Event(name="fair", dates=(date(2024, 1, 6), date(2024, 1, 7)), window=(1, 2))  # Friday 5 to Tuesday 9
    assert occurrence(DAYS, fair).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1, 0]
    assert occurrence(WEEKS, fair)[:3] == pytest.approx([1.0, 2 / 3, 0.0])  # three days, then two


def test_a_span_fills_periods_by_its_share_of_their_days() -> None:
    strike = Event(name="strike", start=date(2024, 1, 17), end=date(2024, 2, 29))
    assert occurrence(MONTHS, strike) == pytest.approx([15 / 31, 1.0, 0.0])


def test_a_break_steps_on_its_day() -> None:
    block = breaks(WEEKS, INSIDE, Model(breaks=(date(2024, 1, 10), date(2024, 1, 10))))
    assert block.labels == ("break[2024-01-10]",)
    assert block.columns[:4, 0] == pytest.approx([0.0, 5 / 7, 1.0, 1.0])


def test_dates_that_teach_nothing_are_refused_all_at_once() -> None:
    late = (Event(name="fair", dates=(date(2025, 1, 1),)), Event(name="move", dates=(date(2023, 1, 1),)))
    with pytest.raises(InputError, match="'fair' has no day inside the window, 2024-01-01 to 2024-03-04") as raised:
        events(WEEKS, INSIDE, Model(events=late))
    assert len(raised.value.problems) == 2
    with pytest.raises(InputError, match="2024-01-01 does not part the window"):
        breaks(WEEKS, INSIDE, Model(breaks=(date(2024, 1, 1),)))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"events": [{"name": "fair"}]}, "needs dates, or start and end"),
        ({"events": [{"name": "fair", "start": "2024-02-01"}]}, "needs dates, or start and end"),
        ({"events": [{"name": "fair", "start": "2024-02-01", "end": "2024-01-01"}]}, "after its end 2024-01-01"),
        ({"events": [{"name": "a", "dates": ["2024-02-01"]}] * 2}, "events has a more than once"),
        ({"holidays": {"country": "France"}}, "model.holidays.country is 'France'"),
    ],
)
def test_an_event_that_is_not_dated_once_is_refused_in_the_study(
    market: Market, model: dict[str, Any], said: str
) -> None:
    with pytest.raises(StudyError, match=said):
        market(model=PLAIN | model)


def test_holidays_of_one_name_are_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a calendar of two years in place of the package."""

    def country_holidays(country: str, subdiv: str | None, years: range, observed: bool) -> dict[date, str]:
        if country == "XX":
            raise NotImplementedError("Country XX not available")
        names = {(1, 1): "New Year", (5, 1): "Labour Day"}
        return {date(year, *day): name for year in years for day, name in names.items()}

    monkeypatch.setitem(sys.modules, "holidays", SimpleNamespace(country_holidays=country_holidays))
    found = national_holidays(Holidays(country="FR", window=(1, 0)), WEEKS)
    assert [(event.name, event.dates) for event in found] == [
        ("New Year", (date(2024, 1, 1), date(2025, 1, 1))),
        ("Labour Day", (date(2024, 5, 1), date(2025, 5, 1))),
    ]
    assert found[0].window == (1, 0)
    assert events(WEEKS, INSIDE, Model(holidays=Holidays(country="FR"))).labels == ("New Year",)  # May is not in it
    with pytest.raises(InputError, match="Country XX not available: write the holidays that matter"):
        national_holidays(Holidays(country="XX"), WEEKS)


def test_without_the_package_holidays_are_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(InputError, match=r"pip install 'mmm\[holidays\]', or write them as model.events"):
        national_holidays(Holidays(country="FR"), WEEKS)


PLANTED = {
    "events": [{"name": "fair", "dates": ["2024-03-05", "2024-06-11", "2024-11-05"]}],
    "breaks": ["2024-08-05"],
}


def planted(frame: pd.DataFrame) -> None:
    """Fairs bring 30 % of the level, the break takes 20 %; three of the controls bring 5 %, the others nothing."""
    weeks, random = pd.DatetimeIndex(frame["week"]), np.random.default_rng(2)
    for index in range(30):
        frame[f"c{index}"] = random.standard_normal(len(frame))
        frame["sales"] += 5.0 * frame[f"c{index}"] * (index < 3)
    frame["sales"] += 30.0 * np.isin(weeks, pd.DatetimeIndex(["2024-03-04", "2024-06-10", "2024-11-04"]))
    frame["sales"] -= 20.0 * (weeks >= pd.Timestamp("2024-08-05"))


def test_given_the_media_a_planted_event_and_a_planted_break_are_found(market: Market) -> None:
    tree = market(periods=52, model=PLAIN | PLANTED, change=planted)
    structure, arrays, blocks = model_of(tree)
    labels = [label for block in blocks for label in block.labels]
    relative = arrays.lagged_exposure[:, 0] / arrays.lagged_exposure[:, 0].mean(axis=(1, 2), keepdims=True)
    size = float(arrays.size[0])
    media = 100.0 / size * (0.15 * relative[0] + 0.05 * relative[1])
    sd = column_scales(structure.blocks, centre_of_scales(structure.blocks)) * arrays.design.sd
    noise = Noise(jnp.asarray(0.1))
    draw = jax.vmap(lambda key: draw_coefficients(key, arrays, arrays.kpi - media, sd, noise))
    found = np.asarray(jax.jit(draw)(jax.random.split(jax.random.key(0), 400)))
    for label, truth in (("fair", 30.0), ("break[2024-08-05]", -20.0)):
        values = found[:, labels.index(label)] * size
        assert abs(values.mean() - truth) < 3 * values.std()
        assert abs(truth) > 3 * values.std()


def test_many_controls_get_a_horseshoe_unless_the_study_says_otherwise(market: Market) -> None:
    def prior(count: int, **model: str) -> object:
        tree = market(periods=52, change=planted, data={"controls": [f"c{i}" for i in range(count)]}, model=PLAIN)
        blocks = baseline_blocks(tree["panel"].to_dataset(), Model(**model), 52.18)
        return next(block.scale_prior for block in blocks if block.name == "controls")

    assert prior(10) == prior(11, controls_prior="normal") == 0.2
    assert prior(11) == prior(11, controls_prior="horseshoe") != 0.2


@pytest.mark.slow
def test_a_fit_finds_events_breaks_and_the_three_of_thirty_controls(market: Market) -> None:
    names = [f"c{index}" for index in range(30)]
    model = PLAIN | PLANTED | {"trend": {"kind": "gp"}}
    tree = market(
        periods=104, noise=0.03, change=planted, data={"controls": names}, model=model, fit={"chains": 2, "draws": 500}
    )
    found = fit(tree)
    size = float(tree["panel/kpi"].mean())
    coefficient = found["posterior/baseline_coefficient"] * size
    columns = list(coefficient["column"].values)
    low, high = (coefficient.quantile(q, ["chain", "draw"]).to_numpy() for q in (0.005, 0.995))
    for label, truth in (("fair", 30.0), ("break[2024-08-05]", -20.0), *((name, 5.0) for name in names[:3])):
        place = columns.index(label)
        assert low[place] < truth < high[place], label
    middle = np.abs(coefficient.median(["chain", "draw"]).to_numpy())
    assert max(middle[columns.index(name)] for name in names[3:]) < 0.6  # unshrunk standard error: 3 / sqrt(104) = 0.3
    assert float(found["sample_stats/diverging"].mean()) < 0.02
    parts = decompose(found)["component"].values
    assert list(parts) == ["tv", "radio", "baseline", "events", "controls"]


def test_the_smooth_level_has_eight_waves_a_year(market: Market) -> None:
    blocks: dict[str, Block] = {block.name: block for block in model_of(market(model={"trend": {"kind": "gp"}})).blocks}
    assert len(blocks["level"].labels) == round(59 / 52.18 * 8)
    assert "bend" not in blocks
