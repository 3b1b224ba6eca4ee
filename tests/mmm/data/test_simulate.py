"""Simulated markets are what they say they are, and the bundled example is one of them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmm.data.panel import panel_from_frame
from mmm.data.simulate import TrueChannel, respond, simulate
from mmm.study import load_study


def test_the_response_is_the_adstock_and_saturation_of_the_formula() -> None:
    channel = TrueChannel("tv", retention=0.5, half=1.0, slope=1.0)
    weights = 0.5 ** np.arange(14) / (0.5 ** np.arange(14)).sum()
    carried = weights[:3]
    expected = carried / (carried + 1)
    assert respond(channel, np.array([[1.0, 0.0, 0.0]]))[0] == pytest.approx(expected)


def test_half_of_the_effect_is_reached_at_half() -> None:
    channel = TrueChannel("tv", retention=0.0, half=2.0, slope=3.0)
    assert respond(channel, np.array([[0.0, 2.0]]))[0].tolist() == [0.0, 0.5]


def test_every_channel_has_the_roi_it_was_asked_to_have() -> None:
    channels = (TrueChannel("tv", roi=1.2, flighting="bursts"), TrueChannel("video", roi=3.0, cost=9.0))
    market = simulate(1, channels=channels, geos=3)
    for channel in channels:
        spend = market.frame[f"{channel.name}_spend"].sum()
        assert market.truth["true_roas"][channel.name] == pytest.approx(channel.roi)
        assert market.truth["true_contribution"][channel.name] == pytest.approx(channel.roi * spend)
    by_geo = market.truth["true_contribution_by_geo"]
    assert sum(geo["tv"] for geo in by_geo.values()) == pytest.approx(market.truth["true_contribution"]["tv"])
    assert market.weekly_contribution.shape == (3, 156, 2)


def test_without_noise_levers_or_season_the_kpi_is_level_plus_contribution() -> None:
    market = simulate(2, noise=0.0, season=0.0, trend=0.0, controls=False, promotion=False, level=1000.0)
    expected = 1000 + market.weekly_contribution.sum(axis=(0, 2))
    assert market.frame["revenue"].to_numpy() == pytest.approx(expected, abs=0.006)


def test_scaling_a_channel_by_one_changes_nothing_and_by_zero_takes_its_contribution() -> None:
    truth = simulate(3).truth
    decision = truth["decision"]
    for name, responses in decision["response_when_scaled"].items():
        assert responses[20] == pytest.approx(decision["current"])
        assert responses[0] == pytest.approx(decision["current"] - truth["true_contribution"][name])
        assert np.all(np.diff(responses) > 0)


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    assert simulate(5).frame.equals(simulate(5).frame)
    assert not simulate(5).frame.equals(simulate(6).frame)


def test_hidden_demand_ties_spend_to_sales() -> None:
    """Without it spend and what is not media are unrelated; with it they move together (10 markets each)."""

    def correlation(confounding: float, seed: int) -> float:
        market = simulate(seed, confounding=confounding, season=0.0, trend=0.0, controls=False, promotion=False)
        rest = market.frame["revenue"].to_numpy() - market.weekly_contribution.sum(axis=(0, 2))
        return float(np.corrcoef(market.frame["search_spend"], rest)[0, 1])

    assert abs(np.mean([correlation(0.0, seed) for seed in range(10)])) < 0.15
    assert np.mean([correlation(0.1, seed) for seed in range(10)]) > 0.3


@pytest.mark.parametrize("geos", [1, 4])
def test_a_market_is_a_panel(geos: int) -> None:
    market = simulate(7, weeks=60, geos=geos, newsletter=True)
    panel = panel_from_frame(market.frame, load_study(market.study()))["panel"]
    assert panel.sizes["geo"] == geos
    assert panel.channel.values.tolist() == ["tv", "search", "social", "radio", "newsletter"]


def test_the_example_is_made_again_byte_for_byte(repository: Path, tmp_path: Path) -> None:
    folder = repository / "examples" / "alder-foods"
    spec = importlib.util.spec_from_file_location("alder_foods_make", folder / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    make.main(tmp_path)
    assert (tmp_path / "data.csv").read_bytes() == (folder / "data.csv").read_bytes()
    assert json.loads((tmp_path / "truth.json").read_text()) == json.loads((folder / "truth.json").read_text())


def test_the_example_is_a_believable_business(repository: Path) -> None:
    frame = pd.read_csv(repository / "examples" / "alder-foods" / "data.csv")
    media = frame.filter(like="_spend").to_numpy().sum() / frame["net_sales"].sum()
    assert 0.08 < media < 0.12
    assert frame["net_sales"].between(1e6, 2.2e6).all()
    assert frame["week"].iloc[-1] == "2026-09-21"
