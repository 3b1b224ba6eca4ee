"""New periods follow the old ones, restatements are listed, and what does not follow is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mmm
from mmm.data import panel_from_frame
from mmm.data.extend import extend, read_new
from mmm.errors import InputError
from mmm.study import Study

WEEKS = 60


@pytest.fixture
def study() -> Study:
    return mmm.load_study(
        {
            "study": "growing",
            "currency": "EUR",
            "data": {
                "source": "old.csv", "time": "week", "geo": "region", "kpi": {"column": "sales"},
                "channels": {"tv": {"spend": "tv"}}, "controls": ["price"], "window": {"start": "2024-03-04"},
            },
        }
    )  # fmt: skip


def frame(weeks: int = WEEKS) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=weeks, freq="W-MON")
    rows = [
        {"week": day, "region": region, "sales": 100.0 + t, "tv": 10.0 + t % 5, "price": 3.0 + t % 7}
        for region in ("north", "south")
        for t, day in enumerate(days)
    ]
    return pd.DataFrame(rows)


def panel(study: Study, rows: pd.DataFrame) -> xr.Dataset:
    tree = panel_from_frame(rows, study)
    return tree["panel"].to_dataset().assign_attrs(tree.attrs)


def test_new_rows_alone_or_with_old_ones_make_the_same_panel(study: Study, tmp_path: Path) -> None:
    old = panel(study, frame(50))
    everything = frame()
    everything.to_csv(tmp_path / "all.csv", index=False)
    everything[everything["week"] > old["time"].values[-1]].to_csv(tmp_path / "new.csv", index=False)
    grown = [extend(old, panel_of(read_new(study, tmp_path / name, old))) for name in ("all.csv", "new.csv")]
    xr.testing.assert_identical(grown[0].panel, grown[1].panel)
    assert grown[0].new.sum() == 10
    assert grown[0].restated.empty
    np.testing.assert_array_equal(grown[0].panel["kpi"], panel(study, everything)["kpi"])
    assert grown[0].panel["kpi"].dims == old["kpi"].dims
    assert grown[0].panel.attrs == old.attrs


def panel_of(tree: xr.DataTree) -> xr.Dataset:
    return tree["panel"].to_dataset()


def test_new_rows_are_learned_from_only_where_that_is_asked(study: Study) -> None:
    old, late = panel(study, frame(50)), panel(study, frame())
    assert int(extend(old, late).panel["in_window"].sum()) == int(old["in_window"].sum()) == 41
    assert int(extend(old, late, learn=True).panel["in_window"].sum()) == 51


def test_restated_cells_are_listed_and_taken_over_only_where_that_is_asked(study: Study) -> None:
    old, changed = panel(study, frame(50)), frame()
    changed.loc[20, ["sales", "tv"]] = [999.0, 11.5]
    late = panel(study, changed)
    kept, taken = extend(old, late), extend(old, late, restate=True)
    cells = kept.restated.set_index("variable")
    assert cells.loc["kpi", ["geo", "before", "after"]].tolist() == ["north", 120.0, 999.0]
    assert set(cells.index) == {"kpi", "spend", "exposure"}
    assert cells.loc["spend", "name"] == "tv"
    assert float(kept.panel["kpi"][0, 20]) == 120.0
    assert float(taken.panel["kpi"][0, 20]) == 999.0
    assert float(old["kpi"][0, 20]) == 120.0


def test_a_gap_nothing_new_and_other_geos_are_refused_with_their_place(study: Study) -> None:
    old, late = panel(study, frame(50)), panel(study, frame())
    with pytest.raises(InputError, match="the periods from 2024-12-16 are missing"):
        extend(old, late.isel(time=slice(52, None)))
    with pytest.raises(InputError, match="so nothing is new"):
        extend(old, late.isel(time=slice(0, 50)))
    with pytest.raises(InputError) as raised:
        extend(old, late.assign_coords(geo=["north", "west"]))
    assert "lack the geos south" in raised.value.problems[0]
    assert "does not know, west" in raised.value.problems[1]
