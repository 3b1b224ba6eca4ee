"""Does one geo test bring home a channel that hidden demand confounds? Six regions, television dark in three.

The demand moves spend and sales of all regions (10 % of the level, AR(0.9)). For eight weeks of its heaviest flight the
channel goes dark in half of the regions; the lift that this would have measured, with a standard error of 5 %, is
planted in the lift table. Run with `make bench`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mmm
from mmm.data import panel_from_frame
from mmm.data.simulate import DEFAULT_CHANNELS, Simulation, respond, simulate

pytestmark = pytest.mark.benchmark

WEEKS, GEOS = 104, 6
DARK, COOLDOWN = 8, 4
STANDARD_ERROR = 0.05
TV = DEFAULT_CHANNELS[0]


def planted(market: Simulation, seed: int) -> pd.DataFrame:
    """The lift table of a test on television that turned it off in the first half of the regions."""
    spend = market.frame[f"{TV.name}_spend"].to_numpy().reshape(GEOS, WEEKS)
    relative = spend * (spend > 0).sum(axis=1, keepdims=True) / spend.sum(axis=1, keepdims=True)
    start = max(range(20, WEEKS - DARK - COOLDOWN), key=lambda week: spend[:, week : week + DARK].sum())
    dark = np.zeros((GEOS, WEEKS), bool)
    dark[: GEOS // 2, start : start + DARK] = True
    response = respond(TV, relative)
    brought = market.weekly_contribution[..., 0].sum(axis=1, keepdims=True) / response.sum(axis=1, keepdims=True)
    lost = brought * (response - respond(TV, np.where(dark, 0.0, relative)))
    lift = lost[: GEOS // 2, start : start + DARK + COOLDOWN].sum()
    week = pd.to_datetime(market.frame["week"])
    noise = STANDARD_ERROR * np.random.default_rng(seed).normal()
    return pd.DataFrame(
        {
            "experiment": "go-dark", "channel": TV.name, "geos": ";".join(market.frame["geo"].unique()[: GEOS // 2]),
            "start": week[start], "end": week[start + DARK] - pd.Timedelta(days=1),
            "measured_until": week[start + DARK + COOLDOWN] - pd.Timedelta(days=1), "spend_delta": spend[dark].sum(),
            "lift": lift * (1 + noise), "standard_error": STANDARD_ERROR * lift, "randomised": "yes",
        },
        index=[0],
    )  # fmt: skip


def test_one_geo_test_brings_a_confounded_channel_home(tmp_path: Path) -> None:
    errors, inside = [], []
    for seed in (1, 2, 3, 4):
        market = simulate(seed=seed, weeks=WEEKS, geos=GEOS, confounding=0.1)
        table = tmp_path / f"lift-{seed}.csv"
        planted(market, seed).to_csv(table, index=False)
        study = mmm.load_study(market.study() | {"fit": {"mode": "quick"}, "experiments": str(table)})
        fit = mmm.fit(panel_from_frame(market.frame, study), study)
        draws = mmm.contribution(fit).sum("geo").sel(channel=TV.name).to_numpy().ravel()
        truth = market.weekly_contribution[..., 0].sum()
        low, high = np.quantile(draws, [0.05, 0.95])
        errors.append(abs(draws.mean() / truth - 1))
        inside.append(low <= truth <= high)
        print(
            f"\nseed {seed}: error {draws.mean() / truth - 1:+.2f}, interval {low / truth:.2f} to {high / truth:.2f}",
            end="",
        )
    assert np.median(errors) < 0.15
    assert all(inside)
