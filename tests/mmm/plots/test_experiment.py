"""Power before a geo test, and its counterfactual after it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmm import plots

LIFTS = [0.0, 0.01, 0.02, 0.04, 0.08]


def test_power_is_drawn_by_cell_up_to_where_it_is_enough() -> None:
    rows = [
        {"cell": cell, "lift": lift, "power": min(1.0, 0.05 + slope * lift), "standard_error": 0.02}
        for cell, slope in (("up", 30.0), ("dark", 60.0))
        for lift in LIFTS
    ]
    ax = plots.power(pd.DataFrame(rows))
    assert ax.get_xlim() == (0.0, 4.0)  # the weaker cell has all its power at 4 %
    assert [text.get_text() for text in ax.get_legend().get_texts()][:2] == ["up", "dark"]  # type: ignore[union-attr]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [5, 65, 100, 100, 100])


def test_the_difference_stands_below_the_series_and_the_test_is_shaded() -> None:
    time = pd.date_range("2025-01-06", periods=20, freq="W-MON")
    table = pd.DataFrame({"time": time, "kpi": np.arange(20.0) + 100, "expected": np.full(20, 105.0)})
    above, below = plots.counterfactual(table, start=time[15], end=time[18])
    assert above.get_xlim() == below.get_xlim()
    differences = [line for line in below.lines if len(line.get_ydata()) == 20]  # type: ignore[arg-type]
    assert differences[0].get_ydata()[-1] == pytest.approx(14.0)
    assert len(above.patches) == 1
