"""A graph is laid out from cause to effect, and shows what is held still and which way the effect takes."""

from __future__ import annotations

import pandas as pd

from mmm.plots.graph import ASKED, FREE, HELD, KPI, LATENT, Arrow, _places, _way, graph_of

ARROWS = [
    Arrow("the season", "tv", latent=False, held=True),
    Arrow("the season", KPI, latent=False, held=True),
    Arrow("mood", "search", latent=True, held=False),
    Arrow("tv", "search", latent=False, held=False),
    Arrow("search", KPI, latent=False, held=False),
    Arrow("radio", KPI, latent=False, held=False),
]


def test_a_cause_stands_left_of_what_it_moves_and_the_kpi_last() -> None:
    places = _places(ARROWS, "tv")
    assert all(places[arrow.cause].layer < places[arrow.effect].layer for arrow in ARROWS)
    assert places[KPI].layer == max(place.layer for place in places.values())
    assert len({(place.layer, place.y) for place in places.values()}) == len(places)


def test_boxes_say_what_is_asked_held_still_unmeasured_and_left_alone() -> None:
    looks = {name: place.look for name, place in _places(ARROWS, "tv").items()}
    assert looks == {"tv": ASKED, "the season": HELD, "mood": LATENT, "search": FREE, "radio": FREE, KPI: FREE}


def test_the_effect_takes_every_way_from_the_channel_to_the_kpi() -> None:
    assert _way(ARROWS, "tv") == {("tv", "search"), ("search", KPI)}
    assert _way(ARROWS, "radio") == {("radio", KPI)}


def test_one_channel_is_drawn_at_a_time() -> None:
    frame = pd.DataFrame([("tv", *ARROWS[0]), ("radio", *ARROWS[5])], columns=["channel", *Arrow._fields])
    assert graph_of(frame)[1] == "tv"
    assert graph_of(frame, "radio")[0]["cause"].tolist() == ["radio"]
