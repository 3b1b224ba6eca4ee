import numpy as np
import pandas as pd
import pytest

from mmm.data.panel import panel_from_frame
from mmm.data.simulate import simulate
from mmm.errors import InputError
from mmm.study import load_study
from mmm.watch.compare import compare, ranking


def scored(variant: str, densities: list[float]) -> pd.DataFrame:
    times = pd.date_range("2026-01-05", periods=len(densities), freq="W-MON")
    return pd.DataFrame({"variant": variant, "origin": times[0], "time": times, "geo": "a", "log_density": densities})


def test_the_ranking_pairs_periods_so_that_hard_ones_count_alike() -> None:
    hard = np.array([-9.0, -1.0, -5.0, -2.0])
    table = ranking(pd.concat([scored("worse", list(hard - 0.5)), scored("best", list(hard))]))
    assert table["variant"].tolist() == ["best", "worse"]
    assert table["log_density"].iloc[0] == pytest.approx(-4.25)
    assert table["behind"].tolist() == pytest.approx([0.0, 0.5])
    assert table["standard_error"].tolist() == pytest.approx([0.0, 0.0], abs=1e-12)


def test_too_little_to_compare_is_said_before_anything_is_fitted() -> None:
    market = simulate(seed=1, weeks=60)
    study = load_study(market.study())
    with pytest.raises(InputError, match="nothing to compare") as error:
        compare(panel_from_frame(market.frame, study), {"one": study})
    assert "too few to hide 13" in str(error.value)
