"""Raw exports become one table: daily into weekly, amounts added, states averaged, and every fault listed at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mmm
from mmm.errors import InputError
from mmm.study import Study

DAYS = pd.date_range("2024-01-01", periods=28, freq="D")


def study(folder: Path, *sources: dict[str, Any], **data: Any) -> Study:
    asked = mmm.load_study(
        {
            "study": "joined", "currency": "EUR",
            "data": {
                "source": list(sources), "time": "week", "frequency": "W-MON", "kpi": {"column": "sales"},
                "channels": {"social": {"spend": "social_spend"}, "search": {"spend": "search_spend"}},
                "controls": ["price"], **data,
            },
        }
    )  # fmt: skip
    return asked.model_copy(update={"folder": folder})


SHOP = {"source": "shop.csv", "time": "order date", "columns": {"sales": "Net", "price": "Price"}}
META = {"source": "meta-*.csv", "time": "Day", "columns": {"social_spend": "Amount spent"}, "missing": "zero"}
GOOGLE = {
    "source": "google.csv", "time": "Day", "columns": {"search_spend": "Cost"}, "where": {"Type": "Search"},
    "missing": "zero",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shop = pd.DataFrame({"order date": DAYS.strftime("%Y-%m-%d"), "Net": 10.0, "Price": range(28)})
    shop.to_csv(tmp_path / "shop.csv", index=False)
    for month, days in (("a", DAYS[:14]), ("b", DAYS[14:])):
        rows = pd.DataFrame({"Day": days.strftime("%d.%m.%Y"), "Amount spent": 2.0})
        rows[rows.index % 7 != 6].to_csv(tmp_path / f"meta-{month}.csv", index=False)
    kinds = pd.DataFrame({"Type": ["Search", "Display"]})
    google = pd.DataFrame({"Day": DAYS.strftime("%Y-%m-%d")}).merge(kinds, how="cross").assign(Cost=[3.0, 100.0] * 28)
    google.to_csv(tmp_path / "google.csv", index=False)
    return tmp_path


def test_daily_exports_become_weeks(folder: Path) -> None:
    panel = mmm.load_panel(study(folder, SHOP, META, GOOGLE))["panel"]
    assert list(pd.DatetimeIndex(panel["time"].values).strftime("%m-%d")) == ["01-01", "01-08", "01-15", "01-22"]
    assert panel["kpi"].values.tolist() == [[70.0] * 4]
    assert panel["spend"].sel(channel="social").values.tolist() == [[12.0] * 4]  # no row on Sundays: nothing spent
    assert panel["spend"].sel(channel="search").values.tolist() == [[21.0] * 4]  # display left out
    assert panel["controls"].values[0, :, 0].tolist() == [3.0, 10.0, 17.0, 24.0]  # a state is averaged


def test_every_fault_is_listed_at_once_with_its_file(folder: Path) -> None:
    shop = pd.read_csv(folder / "shop.csv", dtype="str")
    shop.loc[3, "Net"] = "much"
    shop.to_csv(folder / "shop.csv", index=False)
    google = GOOGLE | {"columns": {"search_spend": "Costs"}}
    with pytest.raises(InputError) as raised:
        mmm.load_panel(study(folder, SHOP, META, google, {"source": "tiktok.csv", "time": "Day"}))
    said = "\n".join(raised.value.problems)
    assert "shop.csv: `Net`" in said
    assert "line 5" in said
    assert "google.csv: search_spend names the column 'Costs'" in said
    assert "did you mean 'Cost'?" in said
    assert "tiktok.csv: " in said


def test_a_gap_names_the_file_the_column_and_the_periods(folder: Path) -> None:
    (folder / "meta-b.csv").unlink()
    with pytest.raises(InputError) as raised:
        mmm.load_panel(study(folder, SHOP, META | {"missing": "error"}, GOOGLE))
    said = "\n".join(raised.value.problems)
    assert "only some days of 2 periods, 2024-01-01 (6 days), 2024-01-08 (6 days)" in said
    full = pd.DataFrame({"Day": DAYS[:14].strftime("%d.%m.%Y"), "Amount spent": 2.0})
    full.to_csv(folder / "meta-a.csv", index=False)
    with pytest.raises(InputError) as raised:
        mmm.load_panel(study(folder, SHOP, META | {"missing": "error"}, GOOGLE))
    (problem,) = raised.value.problems
    assert "meta-*.csv (`Amount spent`) has nothing for 2 of 4 periods, 2024-01-15, 2024-01-22" in problem


def test_exports_that_disagree_and_files_that_overlap_are_conflicts(folder: Path) -> None:
    other = pd.DataFrame({"Day": DAYS.strftime("%Y-%m-%d"), "Cost": 4.0})
    other.to_csv(folder / "agency.csv", index=False)
    agency = {"source": "agency.csv", "time": "Day", "columns": {"search_spend": "Cost"}}
    with pytest.raises(InputError, match=r"`search_spend`: google.csv and agency.csv disagree in 2024-01-01"):
        mmm.load_panel(study(folder, SHOP, META, GOOGLE, agency))
    (folder / "meta-c.csv").write_text((folder / "meta-a.csv").read_text())
    with pytest.raises(InputError, match="stand in two files"):
        mmm.load_panel(study(folder, SHOP, META, GOOGLE))


def test_exports_with_and_without_regions(folder: Path) -> None:
    regions = pd.DataFrame({"Land": ["north", "south"]})
    shop = pd.read_csv(folder / "shop.csv").merge(regions, how="cross")
    shop.to_csv(folder / "shop.csv", index=False)
    sales = SHOP | {"geo": "Land", "columns": {"sales": "Net"}}
    prices = pd.DataFrame({"Day": DAYS.strftime("%Y-%m-%d"), "p": 5.0})
    prices.to_csv(folder / "prices.csv", index=False)
    price = {"source": "prices.csv", "time": "Day", "columns": {"price": "p"}}
    with pytest.raises(InputError, match=r"google\.csv: `Cost` is an amount without a region"):
        mmm.load_panel(study(folder, sales, price, META, GOOGLE, geo="region"))
    for name in ("meta-a", "meta-b", "google"):
        pd.read_csv(folder / f"{name}.csv").merge(regions, how="cross").to_csv(folder / f"{name}.csv", index=False)
    by_geo = [source | {"geo": "Land"} for source in (META, GOOGLE)]
    panel = mmm.load_panel(study(folder, sales, price, *by_geo, geo="region"))["panel"]
    assert panel["kpi"].values.tolist() == [[70.0] * 4] * 2
    assert (panel["controls"] == 5.0).all()  # a national state holds everywhere


def test_an_export_of_a_national_channel_needs_no_region(folder: Path) -> None:
    shop = pd.read_csv(folder / "shop.csv").merge(pd.DataFrame({"Land": ["north", "south"]}), how="cross")
    shop.assign(Net=shop["Net"].where(shop["Land"] == "north", 30.0)).to_csv(folder / "shop.csv", index=False)
    channels = {"social": {"spend": "social_spend", "national": True},
                "search": {"spend": "search_spend", "national": True}}  # fmt: skip
    panel = mmm.load_panel(study(folder, SHOP | {"geo": "Land"}, META, GOOGLE, geo="region", channels=channels))
    assert panel["panel/spend"].sel(channel="search").values.tolist() == [[5.25] * 4, [15.75] * 4]  # 21 by their sales


def test_weeks_that_start_on_another_day_are_refused(folder: Path) -> None:
    weeks = pd.DataFrame({"Day": pd.date_range("2023-12-31", periods=5, freq="W-SUN").strftime("%Y-%m-%d"), "p": 5.0})
    weeks.to_csv(folder / "prices.csv", index=False)
    shop = SHOP | {"columns": {"sales": "Net"}}
    with pytest.raises(InputError, match="weeks start on SUN, the study's on MON"):
        mmm.load_panel(
            study(folder, shop, META, GOOGLE, {"source": "prices.csv", "time": "Day", "columns": {"price": "p"}})
        )
