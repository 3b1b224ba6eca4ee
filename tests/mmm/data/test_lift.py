"""The lift table is checked against the panel it will inform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xarray as xr

from mmm.data.lift import read_lift
from mmm.data.panel import panel_from_frame
from mmm.data.simulate import simulate
from mmm.study import InputError, load_study

ROW = {
    "experiment": "tv-pause", "channel": "tv", "geos": "region_01; region_02",
    "start": "2023-03-06", "end": "2023-04-02", "measured_until": "2023-04-16",
    "design": "go-dark", "spend_delta": "-40000", "lift": "-52000",
    "standard_error": "11000", "estimator": "did", "randomised": "yes",
}  # fmt: skip


@pytest.fixture(scope="module")
def panel() -> xr.DataTree:
    market = simulate(1, weeks=30, geos=3)
    return panel_from_frame(market.frame, load_study(market.study()))


def table(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "lift.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def problems_of(path: Path, panel: xr.DataTree) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_lift(path, panel)
    return caught.value.problems


def test_a_lift_table_is_read_in_its_types(tmp_path: Path, panel: xr.DataTree) -> None:
    row = read_lift(table(tmp_path, ROW), panel).iloc[0]
    assert row.channel == ("tv",)
    assert row.geos == ("region_01", "region_02")
    assert row.start == pd.Timestamp("2023-03-06")
    assert row.measured_until == pd.Timestamp("2023-04-16")
    assert (row.spend_delta, row.lift, row.standard_error) == (-40000, -52000, 11000)
    assert bool(row.randomised) is True


def test_what_is_left_out_has_its_meaning(tmp_path: Path, panel: xr.DataTree) -> None:
    short = {name: ROW[name] for name in ("experiment", "start", "end", "spend_delta", "lift", "standard_error")}
    row = read_lift(table(tmp_path, {**short, "channels": "tv; search"}), panel).iloc[0]
    assert row.channel == ("tv", "search")
    assert row.geos == ()
    assert row.measured_until == row.end
    assert bool(row.randomised) is False


def test_a_negative_lift_is_accepted(tmp_path: Path, panel: xr.DataTree) -> None:
    assert read_lift(table(tmp_path, {**ROW, "lift": -1, "spend_delta": 500}), panel).lift[0] == -1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channel": "tvv"}, "line 2 (tv-pause): there is no channel 'tvv': did you mean 'tv'?"),
        ({"geos": "region_1"}, "there is no geo 'region_1': did you mean 'region_01'?"),
        ({"start": "2022-01-03"}, "2022-01-03 to 2023-04-16 is not inside the panel, 2023-01-02 to 2023-07-30"),
        ({"measured_until": "2023-07-31"}, "is not inside the panel"),
        ({"end": "2023-03-01"}, "start 2023-03-06 is after end 2023-03-01"),
        ({"measured_until": "2023-03-20"}, "measured_until 2023-03-20 is before end 2023-04-02"),
        ({"standard_error": 0}, "standard_error 0.0 is not positive"),
        ({"spend_delta": 0}, "spend_delta is 0"),
        ({"lift": "much"}, "`lift` is text once, at line 2: 'much'"),
        ({"standard_error": "inf"}, "`standard_error` is infinite once"),
        ({"randomised": "maybe"}, "`randomised` is 'maybe' on line 2: write yes or no"),
        ({"start": "spring"}, "`start` does not hold dates (line 2: 'spring')"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_named(
    tmp_path: Path, panel: xr.DataTree, change: dict[str, Any], said: str
) -> None:
    (problem,) = problems_of(table(tmp_path, {**ROW, **change}), panel)
    assert said in problem


def test_all_problems_of_a_table_come_together(tmp_path: Path, panel: xr.DataTree) -> None:
    bad = {**ROW, "channel": "x", "geos": "y", "standard_error": -1}
    assert len(problems_of(table(tmp_path, ROW, bad, ROW), panel)) == 4


def test_a_missing_column_is_named(tmp_path: Path, panel: xr.DataTree) -> None:
    (problem,) = problems_of(table(tmp_path, {name: value for name, value in ROW.items() if name != "lift"}), panel)
    assert problem.startswith("the column 'lift' is missing")
