"""A first study is guessed from names and values, says so, and can be loaded."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from mmm.data.guess import guess_study
from mmm.data.panel import load_panel
from mmm.study import InputError, load_study


def guessed(folder: Path, frame: pd.DataFrame) -> dict[str, object]:
    path = folder / "brand.csv"
    frame.to_csv(path, index=False)
    text, _ = guess_study(path)
    (folder / "study.yaml").write_text(text)
    load_panel(load_study(folder / "study.yaml"))
    return yaml.safe_load(text)["data"]


def weeks(count: int = 12, **columns: object) -> pd.DataFrame:
    days = pd.date_range("2026-01-05", periods=count, freq="W-MON").strftime("%Y-%m-%d")
    return pd.DataFrame({"week": days, **columns})


def test_names_tell_spend_exposure_organic_media_treatments_and_controls(tmp_path: Path) -> None:
    n = range(1, 13)
    data = guessed(
        tmp_path, weeks(revenue=n, tv_spend=n, search_cost=n, search_clicks=n, newsletter_sends=n, promo=n, price=n)
    )
    assert data["kpi"] == {"column": "revenue", "kind": "revenue"}
    assert data["channels"] == {
        "tv": {"spend": "tv_spend"},
        "search": {"spend": "search_cost", "exposure": "search_clicks"},
    }
    assert data["organic"] == {"newsletter": {"exposure": "newsletter_sends"}}
    assert data["treatments"] == ["promo"]
    assert data["controls"] == ["price"]


def test_reach_and_frequency_replace_impressions(tmp_path: Path) -> None:
    n = range(1, 13)
    data = guessed(tmp_path, weeks(orders=n, video_spend=n, video_impressions=n, video_reach=n, video_frequency=n))
    assert data["kpi"] == {"column": "orders", "kind": "count"}
    assert data["channels"] == {
        "video": {"spend": "video_spend", "reach": "video_reach", "frequency": "video_frequency"}
    }


def test_a_geo_is_taken_only_where_it_splits_the_periods(tmp_path: Path) -> None:
    n = range(1, 13)
    national = weeks(sales=n, tv_spend=n, country="FR")
    assert "geo" not in guessed(tmp_path, national)
    both = pd.concat([national, national.assign(country="DE")])
    assert guessed(tmp_path, both)["geo"] == "country"


def test_the_notes_say_what_was_guessed_and_what_was_left_out(tmp_path: Path) -> None:
    n = range(1, 13)
    path = tmp_path / "brand.csv"
    weeks(sales=n, tv_spend=n, remark="text").to_csv(path, index=False)
    _, notes = guess_study(path)
    assert "time is `week`, because its cells are dates" in notes
    assert "tv is a paid channel: spend `tv_spend`" in notes
    assert any(note.startswith("left out") and "remark" in note for note in notes)


def test_a_study_in_another_folder_finds_its_data(tmp_path: Path) -> None:
    n = range(1, 13)
    path = tmp_path / "brand.csv"
    weeks(sales=n, tv_spend=n).to_csv(path, index=False)
    folder = tmp_path / "studies" / "first"
    folder.mkdir(parents=True)
    text, _ = guess_study(path, folder)
    (folder / "study.yaml").write_text(text)
    assert "source: ../../brand.csv" in text
    assert load_panel(load_study(folder / "study.yaml"))["panel"].sizes["time"] == 12


def test_what_cannot_be_guessed_is_asked_for_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "brand.csv"
    path.write_text("a,b\nx,y\n")
    with pytest.raises(InputError) as caught:
        guess_study(path)
    assert len(caught.value.problems) == 3


def test_awkward_names_are_quoted(tmp_path: Path) -> None:
    n = range(1, 13)
    data = guessed(tmp_path, weeks(sales=n, **{"TV: spend": n, "# search cost": n}))
    assert data["channels"] == {"TV": {"spend": "TV: spend"}, "search": {"spend": "# search cost"}}


EXPECTED = {
    "robyn/dt_simulated_weekly.csv": ("revenue", 5, 1),
    "meridian/national_all_channels.csv": ("conversions", 5, 1),
    "meridian/national_media_rf.csv": ("conversions", 4, 0),
    "meridian/geo_media_rf.csv": ("conversions", 4, 0),
    "worlds/realistic/data.csv": ("sales", 7, 0),
    "worlds/geo_clean/data.csv": ("sales", 4, 0),
    "param_recovery/small_business/data.csv": ("y", 4, 0),
    "param_recovery/medium_business/data.csv": ("y", 8, 0),
}


@pytest.mark.parametrize("file", EXPECTED)
def test_public_files_are_guessed_and_load(shared_data: Path, tmp_path: Path, file: str) -> None:
    kpi, channels, organic = EXPECTED[file]
    text, _ = guess_study(shared_data / file)
    data = yaml.safe_load(text)["data"]
    assert (data["kpi"]["column"], len(data["channels"]), len(data.get("organic", {}))) == (kpi, channels, organic)
    study = load_study(yaml.safe_load(text)).model_copy(update={"folder": (shared_data / file).parent})
    panel = load_panel(study)["panel"]
    assert panel.sizes["channel"] == channels + organic
    assert float(panel.kpi.min()) >= 0
