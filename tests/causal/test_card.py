"""What the verdict card sets beside each other, by numbers worked by hand and on a real fit with a lift table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from causal import card
from causal.conflict import Measured, contradiction, predictions
from mmm.data.lift import read_lift

DRAWS = 4000


@pytest.fixture(scope="module")
def level() -> np.ndarray:
    """Draws of a channel's level, one on average, with a standard deviation of 0.2."""
    return 1 + 0.2 * np.random.default_rng(1).standard_normal(DRAWS)


def test_an_experiment_is_carried_to_the_window_without_the_channels_level(level: np.ndarray) -> None:
    """Every draw returns 2 where it expects a lift of 100: a sharp lift of 50 means a return of 1."""
    found = card.carried(Measured("test", "tv", 50.0, 1e-9, 100 * level), 2 * level, 1)
    assert found == pytest.approx(np.ones(DRAWS))
    wide = card.carried(Measured("test", "tv", 50.0, 10.0, 100 * level), 2 * level, 1)
    assert wide.std() == pytest.approx(0.2 * np.sqrt(5 / 3), rel=0.1)


def test_a_draw_that_expects_nothing_carries_nothing(level: np.ndarray) -> None:
    none = np.where(np.arange(DRAWS) == 0, 0.0, 100 * level)
    assert len(card.carried(Measured("test", "tv", 50.0, 1.0, none), 2 * level, 1)) == DRAWS - 1


def test_the_distance_is_in_standard_errors_of_both_and_only_a_far_one_speaks_for_a_bias(level: np.ndarray) -> None:
    """100 with a spread of 20 and an error of 10: 160 lies 60 / sqrt(500) away."""
    even = np.full(DRAWS, 1 / DRAWS)
    near, far, farther = (
        contradiction(Measured("test", "tv", lift, 10.0, 100 * level), even) for lift in (100.0, 160.0, 400.0)
    )
    assert far.z == pytest.approx(60 / np.sqrt(500), rel=0.05)
    assert near.bayes_factor < 1 < far.bayes_factor < farther.bayes_factor
    assert near.bias < farther.bias


@pytest.fixture(scope="module")
def believed(fitted: xr.DataTree) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Verdicts and adjusted contributions as the validation would find them, without running it."""
    from mmm import insight

    contribution = insight.contribution(fitted).sum("geo").mean(("chain", "draw"))
    verdicts, adjusted = [], []
    for name in (str(name) for name in fitted["panel"]["channel"].values):
        verdicts += [{"channel": name, "label": "conflicted", "result": result} for result in ("pass", "pass", "fail")]
        mean = float(contribution.sel(channel=name))
        numbers = {"mean": 1.5 * mean, "p05": mean, "p25": 1.4 * mean, "median": 1.5 * mean, "p75": 1.6 * mean}
        adjusted.append({"channel": name} | numbers | {"p95": 2 * mean, "model_mean": mean, "overlap": 0.4})
    return pd.DataFrame(verdicts), pd.DataFrame(adjusted)


@pytest.fixture(scope="module")
def measured(fitted: xr.DataTree, tmp_path_factory: pytest.TempPathFactory) -> list[Measured]:
    """Two experiments on TV of which the second finds many times as much, and one on radio that no model expects."""
    path = tmp_path_factory.mktemp("lift") / "lift.csv"
    path.write_text(
        "experiment,channel,start,end,measured_until,spend_delta,lift,standard_error,randomised\n"
        "spring,tv,2026-03-02,2026-03-29,2026-04-26,200000,150000,60000,yes\n"
        "last-spring,tv,2025-05-12,2025-06-08,2025-07-06,150000,1500000,60000,yes\n"
        "summer,radio,2026-07-06,2026-08-09,2026-08-23,30000,900000,40000,no\n"
    )
    return predictions(fitted, read_lift(Path(path), fitted))


def test_the_card_of_a_channel_names_the_experiment_that_lies_farthest(
    fitted: xr.DataTree, believed: tuple[pd.DataFrame, pd.DataFrame], measured: list[Measured]
) -> None:
    cards = card.cards(fitted, card.accounts(fitted, measured), *believed).set_index("channel")
    assert cards.loc["tv", ["experiment", "experiments", "passed", "failed"]].tolist() == ["last-spring", 2, 2, 1]
    assert cards.loc[["tv", "radio"], "z"].min() > 2
    assert cards.loc[["tv", "radio"], "bayes_factor"].min() > 10
    assert cards.loc["paid_search", "experiments"] == 0
    assert np.isnan(cards.loc["paid_search", "z"])
    assert "newsletter" not in cards.index
    assert cards["overstated_by"].to_numpy() == pytest.approx(cards["roi"].to_numpy() * 0.42 - 1)  # the study's margin


def test_every_source_answers_for_the_same_return(
    fitted: xr.DataTree, believed: tuple[pd.DataFrame, pd.DataFrame], measured: list[Measured]
) -> None:
    found = card.estimates(card.accounts(fitted, measured), believed[1]).set_index(["channel", "source"])
    assert found.loc[("paid_search", "adjustment"), "mean"] == pytest.approx(
        1.5 * found.loc[("paid_search", "model"), "mean"]
    )
    of_tv = found.loc["tv"]
    assert of_tv.index.tolist() == ["model", "model before", "experiment", "experiment", "adjustment"]
    near, far = of_tv.loc["experiment", "median"]
    assert far > 4 * near
    assert of_tv.loc["model before", "median"] == pytest.approx(of_tv.loc["model", "median"], rel=0.1)
    assert (of_tv["p05"] < of_tv["p25"]).all()


def test_what_cannot_be_told_is_said_and_not_a_number(
    fitted: xr.DataTree, believed: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    lost = believed[1].assign(mean=np.nan)
    row = card.estimates(card.accounts(fitted, []), lost).set_index(["channel", "source"]).loc[("tv", "adjustment")]
    assert np.isnan(row["median"])
    assert "not identified" in row["note"]
