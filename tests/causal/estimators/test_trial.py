"""Three kinds of panel, one trial; and letters that name everything that is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from causal.estimators.trial import read_trial
from mmm.errors import InputError
from tests.causal.estimators.markets import END, START, TREATED, market


def test_a_long_a_wide_and_a_tree_panel_are_the_same_trial() -> None:
    wide = market()
    long = wide.rename_axis("week").reset_index().melt("week", var_name="region", value_name="sales")
    data = xr.Dataset({"kpi": (("geo", "time"), wide.to_numpy().T)}, {"geo": list(wide), "time": wide.index.values})
    tree = xr.DataTree.from_dict({"panel": data})
    first = read_trial(wide, TREATED, START, END)
    second = read_trial(long.sample(frac=1, random_state=0), TREATED, START, END, columns=("region", "week", "sales"))
    third = read_trial(tree, TREATED, START, END)
    for other in (second, third):
        np.testing.assert_array_equal(first.kpi, other.kpi)
        assert (first.geos, list(first.times)) == (other.geos, list(other.times))
    assert first.treated_geos == ("geo0", "geo1")
    assert first.measured.sum() == 4
    assert first.cells == 8


def test_the_cooldown_counts_and_later_weeks_do_not() -> None:
    wide = market()
    trial = read_trial(wide, TREATED, wide.index[40], wide.index[43], wide.index[45])
    assert trial.measured.sum() == 6
    assert len(trial.times) == 46


def test_an_excluded_geo_is_no_control() -> None:
    trial = read_trial(market(), TREATED, START, END, exclude=["geo7"])
    assert "geo7" not in trial.geos


def test_everything_wrong_with_a_panel_is_said_at_once() -> None:
    wide = market()
    wide.iloc[3, 4] = np.nan
    with pytest.raises(InputError) as caught:
        read_trial(wide, ["geo0", "gio1"], END, START, exclude=["nowhere"])
    letter = str(caught.value)
    for part in (
        "no geo 'gio1': did you mean 'geo1'?", "no geo 'nowhere'", "exchange them",
        "missing in 1 of 456 cells, first at geo=geo4, 2024-01-22",
    ):  # fmt: skip
        assert part in letter


def test_a_trial_needs_controls_and_history() -> None:
    wide = market(geos=2)
    with pytest.raises(InputError, match="leave some as controls"):
        read_trial(wide, TREATED, START, END)
    with pytest.raises(InputError, match="only 1 periods lie before"):
        read_trial(market(), TREATED, wide.index[1], END)


def test_rows_that_stand_twice_are_refused() -> None:
    long = market().rename_axis("time").reset_index().melt("time", var_name="geo", value_name="kpi")
    with pytest.raises(InputError, match="1 rows repeat a geo and a day, first geo=geo0, 2024-01-01"):
        read_trial(pd.concat([long, long.iloc[:1]]), TREATED, START, END)


def test_a_frame_that_is_neither_long_nor_wide_is_told_what_is_wanted() -> None:
    with pytest.raises(InputError, match="say what they are called with `columns`"):
        read_trial(pd.DataFrame({"city": ["a"], "day": ["2024-01-01"], "y": [1.0]}), ["a"], START, END)
