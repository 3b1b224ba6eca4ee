"""A fit keeps its promises: the same seed, the same draws; what is saved is what is read; every likelihood runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.insight import contribution, decompose, roi
from mmm.insight.predictive import predictive
from mmm.model.fit import draws_at_once, fit, load_fit, model_of, save_fit, study_of

Market = Callable[..., xr.DataTree]

SMALL = {"adstock": "geometric", "saturation": "none", "max_lag": 1, "trend": {"kind": "linear"},
         "seasonality": {"order": 1}}  # fmt: skip
COUNTS = {"likelihood": "negative_binomial", "link": "log"}
SHORT = {"chains": 2, "draws": 100, "warmup": 200}


def counts(frame: pd.DataFrame) -> None:
    frame["sales"] = np.random.default_rng(0).poisson(frame["sales"]).astype(float)


@pytest.fixture(scope="module")
def panel(market: Market) -> xr.DataTree:
    return market(model=SMALL | COUNTS, fit=SHORT, geos=2, periods=52, data={"controls": ["price"]}, change=counts)


@pytest.fixture(scope="module")
def small(panel: xr.DataTree) -> xr.DataTree:
    """A fit of counts, the model with most parts: nothing of its baseline is integrated out."""
    return fit(panel)


def test_a_fit_is_the_panel_with_a_posterior(panel: xr.DataTree, small: xr.DataTree) -> None:
    assert set(small.children) == {"panel", "posterior", "sample_stats"}
    assert set(panel.children) == {"panel"}  # which is left alone
    xr.testing.assert_identical(small["panel"].to_dataset(), panel["panel"].to_dataset())
    posterior = small["posterior"].to_dataset()
    assert posterior["coefficient"].dims == ("chain", "draw", "geo", "channel")
    assert posterior["baseline_coefficient"].dims == ("chain", "draw", "column")
    assert posterior["adstock_retention"].dims == ("chain", "draw", "channel")
    assert (posterior.sizes["chain"], posterior.sizes["draw"]) == (2, 100)
    assert list(dict.fromkeys(posterior["block"].values)) == ["intercept", "trend", "seasonality", "controls"]
    assert {"diverging", "n_steps", "acceptance_rate"} <= set(small["sample_stats"].data_vars)
    assert all(np.isfinite(values).all() for values in posterior.data_vars.values())


def test_a_fit_says_how_it_was_made(small: xr.DataTree) -> None:
    assert {"study", "schema_version", "data_hash", "seed", "device", "versions", "seconds"} <= set(small.attrs)
    assert "jax" in json.loads(small.attrs["versions"])
    assert study_of(small).fit.draws == 100


def test_arviz_reads_a_fit_as_it_is(small: xr.DataTree) -> None:
    from arviz_stats import summary

    table = summary(small, var_names=["concentration"])
    assert "r_hat" in table.columns


def test_the_same_seed_gives_the_same_draws(panel: xr.DataTree, small: xr.DataTree) -> None:
    told: list[tuple[str, int, int]] = []
    again = fit(panel, progress=lambda *step: told.append(step))
    xr.testing.assert_identical(again["posterior"].to_dataset(), small["posterior"].to_dataset())
    assert told == [("sampling", done, 300) for done in range(50, 301, 50)]


def test_chains_do_not_repeat_each_other(small: xr.DataTree) -> None:
    assert len(np.unique(small["posterior/concentration"].values)) > 150


def test_what_is_saved_is_what_is_read(small: xr.DataTree, tmp_path: Path) -> None:
    save_fit(small, tmp_path / "fit.nc")
    assert [path.name for path in tmp_path.iterdir()] == ["fit.nc"]
    read = load_fit(tmp_path / "fit.nc")
    xr.testing.assert_identical(read["panel"].to_dataset(), small["panel"].to_dataset())
    for name, values in small["posterior"].data_vars.items():
        np.testing.assert_allclose(read["posterior"][name], values, rtol=1e-6)
    assert read.attrs == small.attrs
    assert study_of(read) == study_of(small)
    np.testing.assert_allclose(roi(read), roi(small), rtol=1e-5)


def test_a_fit_that_cannot_be_written_leaves_the_old_one(small: xr.DataTree, tmp_path: Path) -> None:
    (tmp_path / "fit.nc").write_text("the old one")
    broken = small.copy()
    broken.attrs["unwritable"] = {"a": "dictionary"}
    with pytest.raises(TypeError):
        save_fit(broken, tmp_path / "fit.nc")
    assert (tmp_path / "fit.nc").read_text() == "the old one"


def test_the_model_is_rebuilt_from_a_fit(panel: xr.DataTree, small: xr.DataTree) -> None:
    first, second = model_of(panel), model_of(small)
    assert first.structure == second.structure
    for left, right in zip(jax.tree.leaves(first.arrays), jax.tree.leaves(second.arrays), strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_quick_fit_is_short_whatever_the_study_asks(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    class Asked(Exception):
        """Carries the lengths that were asked for."""

    def draw(
        structure: object, arrays: object, seed: int, chains: int, warmup: int, draws: int, progress: object
    ) -> None:
        raise Asked(chains, warmup, draws)

    monkeypatch.setattr("mmm.model.fit.draw_posterior", draw)
    long = {"chains": 2, "draws": 5000, "warmup": 4000}
    for mode, asked in (("quick", (2, 300, 250)), ("full", (2, 4000, 5000))):
        with pytest.raises(Asked) as raised:
            fit(market(model=SMALL, fit=long | {"mode": mode}))
        assert raised.value.args == asked


def test_counts_are_explained_and_their_parts_add_up(small: xr.DataTree) -> None:
    expected, predicted = predictive(small)
    assert np.isfinite(predicted).all()
    assert (predicted == predicted.round()).all()
    parts = decompose(small)["mean"]
    assert list(parts["component"].values) == ["tv", "radio", "baseline", "seasonality", "controls", "interaction"]
    np.testing.assert_allclose(parts.sum("component").values, expected.mean("sample").values, rtol=1e-4)
    observed = small["panel/kpi"]
    assert float(abs(expected.mean("sample") - observed).median() / observed.mean()) < 0.15
    assert float(contribution(small).min()) > 0


@pytest.mark.slow
def test_heavy_tails_keep_outliers_from_deciding(market: Market) -> None:
    def with_outliers(frame: pd.DataFrame) -> None:
        frame.loc[[10, 30, 47], "sales"] *= 3

    errors = {}
    for likelihood in ("normal", "student_t"):
        found = fit(market(model=SMALL | {"likelihood": likelihood}, fit=SHORT, change=with_outliers))
        expected, predicted = predictive(found)
        assert np.isfinite(predicted).all()
        parts = decompose(found)["mean"].sum("component")
        np.testing.assert_allclose(parts.values, expected.mean("sample").values, rtol=1e-4)
        observed = found["panel/kpi"]
        errors[likelihood] = float(abs(expected.mean("sample") - observed).median() / observed.mean())
    assert errors["student_t"] < 0.5 * errors["normal"]


def test_draws_are_computed_in_batches_of_one_size_where_that_is_possible() -> None:
    assert draws_at_once((), 4000) == 250
    assert draws_at_once((), 10) == 10
    assert draws_at_once((), 1009) == 256  # a prime
    assert draws_at_once(np.zeros(2**20), 4000) == 4
