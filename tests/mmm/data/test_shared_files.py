"""Public and known-truth files load with the barest study, with the sizes they are published to have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmm.data.panel import load_panel
from mmm.data.review import review
from mmm.study import InputError, load_study

WORLDS = ["adstock_misspec", "clean", "geo_clean", "multicollinearity", "realistic", "spend_outliers", "trend_break"]
BUSINESSES = {
    "small_business": (1, 104, 4),
    "growing_business": (2, 131, 6),
    "medium_business": (8, 156, 8),
    "large_business": (50, 208, 30),
}


@pytest.mark.parametrize("world", WORLDS)
def test_a_world_loads_with_a_bare_study(shared_data: Path, world: str) -> None:
    truth = json.loads((shared_data / "worlds" / world / "truth.json").read_text())
    data = {
        "source": str(shared_data / "worlds" / world / "data.csv"),
        "time": "week",
        "kpi": {"column": "sales"},
        "channels": {name: {"spend": f"{name}_spend"} for name in truth["channels"]},
        "controls": truth["controls"],
    } | ({"geo": "geo"} if world.startswith("geo") else {})
    tree = load_panel(load_study({"study": world, "currency": "EUR", "data": data}))
    assert tree["panel"].channel.values.tolist() == truth["channels"]
    assert tree.attrs["frequency"] == "W-MON"
    spikes = [finding for finding in review(tree).findings if finding.check == "exposure outliers"]
    assert len(spikes) == (4 if world == "spend_outliers" else 0)


@pytest.mark.parametrize("business", BUSINESSES)
def test_a_business_of_the_recovery_benchmark_loads(shared_data: Path, business: str) -> None:
    (file,) = (shared_data / "param_recovery" / business).glob("data.csv*")
    truth = json.loads((file.parent / "truth.json").read_text())
    data = {
        "source": str(file), "time": "date", "geo": "geo", "kpi": {"column": "y"}, "controls": truth["controls"],
        "channels": {name: {"spend": name} for name in truth["channels"]},
    }  # fmt: skip
    panel = load_panel(load_study({"study": business, "currency": "EUR", "data": data}))["panel"]
    assert (panel.sizes["geo"], panel.sizes["time"], panel.sizes["channel"]) == BUSINESSES[business]


def test_robyns_events_are_words_and_say_so(shared_data: Path) -> None:
    data = {
        "source": str(shared_data / "robyn" / "dt_simulated_weekly.csv"), "time": "DATE", "kpi": {"column": "revenue"},
        "channels": {"tv": {"spend": "tv_S"}}, "controls": ["events"],
    }  # fmt: skip
    with pytest.raises(InputError, match=r"`events` \(controls\[0\]\) holds words \('event1', 'event2', 'na'\)"):
        load_panel(load_study({"study": "robyn", "currency": "EUR", "data": data}))
