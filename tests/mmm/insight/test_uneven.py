"""Geos that share their season leave noise behind; one with a season of its own does not."""

from __future__ import annotations

import numpy as np

from mmm.insight.uneven import uneven_geos

YEARS = np.arange(156) / 52.18


def noise(seed: int, geos: int = 5) -> np.ndarray:
    random = np.random.default_rng(seed)
    return 0.05 * random.normal(size=(geos, 156)) + 0.03 * random.normal(size=156)


def test_a_geo_with_a_season_of_its_own_stands_out() -> None:
    residual = noise(1)
    residual[3] += 0.04 * np.sin(2 * np.pi * YEARS)
    chance = uneven_geos(residual, 52.18)
    assert chance.argmin() == 3
    assert chance[3] < 1e-3


def test_what_all_geos_share_is_nobody_s_own() -> None:
    assert (uneven_geos(noise(2) + 0.2 * np.sin(2 * np.pi * YEARS) + 0.1 * YEARS, 52.18) > 0.01).all()


def test_noise_is_seldom_called_uneven() -> None:
    # 300 panels at a stated chance of 1 %: more than 10 have a probability of 0.0003
    assert sum(uneven_geos(noise(seed), 52.18).min() < 0.01 for seed in range(300)) <= 10


def test_one_geo_differs_from_nobody_and_few_periods_say_nothing() -> None:
    assert uneven_geos(noise(3, geos=1), 52.18).tolist() == [1.0]
    assert uneven_geos(noise(4)[:, :3], 52.18).tolist() == [1.0] * 5


def test_missing_periods_are_left_out() -> None:
    residual = noise(5)
    residual[2] += 0.2 * YEARS
    residual[:, 10:20] = np.nan
    residual[1, 40:] = np.nan
    chance = uneven_geos(residual, 52.18)
    assert chance[2] < 0.01
    assert np.isfinite(chance).all()
