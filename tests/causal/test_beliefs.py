"""What an analyst draws is what is held still, and what is wrong with a graph is said before anything runs."""

from __future__ import annotations

import pytest

from causal.beliefs import Beliefs, read_beliefs, read_graph
from causal.graph import DEMAND, KPI, channel_graph, identify, to_dot, to_gml
from mmm.errors import InputError, StudyError
from mmm.study import load_study

CHANNELS = ("tv", "search")
DOT = """
digraph {
    season -> {tv search kpi}
    price -> kpi
    tv -> search -> kpi
    tv -> kpi
    mood [style=dashed]
    mood -> search
}
"""


def held(beliefs: Beliefs, channel: str) -> tuple[str, ...] | None:
    return identify(beliefs.about(channel, ("the season", "price")))


def test_a_mediator_and_a_cause_of_the_kpi_alone_are_read_from_the_arrows() -> None:
    beliefs = read_graph(DOT, CHANNELS, ["price"])
    assert set(held(beliefs, "tv") or ()) == {"the season", "price"}  # search lies between
    assert set(held(beliefs, "search") or ()) == {"the season", "price", "tv"}  # of which mood is no common cause


def test_a_latent_common_cause_leaves_its_channel_unidentified_and_no_other() -> None:
    beliefs = read_graph(DOT.replace("mood -> search", "mood -> {search kpi}"), CHANNELS, ["price"])
    assert held(beliefs, "search") is None
    assert held(beliefs, "tv") is not None


@pytest.mark.parametrize("written", [to_dot, to_gml])
def test_what_we_write_is_read_back(written: object) -> None:
    graph = channel_graph("tv spot", ("the season", "R&D"), latent_demand=True)
    beliefs = read_graph(written(graph), ["tv spot"], ["R&D"])  # type: ignore[operator]
    assert set(beliefs.drawn) == set(graph.edges)
    assert beliefs.latent == {DEMAND}


def test_a_column_of_the_study_goes_before_what_we_measure_under_its_name() -> None:
    drawn = read_graph("digraph { trend -> tv -> kpi; trend -> kpi }", ["tv"], ["trend"]).drawn
    assert ("trend", "tv") in drawn
    assert read_graph("digraph { trend -> tv -> kpi }", ["tv"]).drawn[0] == ("the trend", "tv")


def test_everything_wrong_with_a_graph_is_said_at_once() -> None:
    with pytest.raises(InputError) as told:
        read_graph(
            "digraph { tv -> kpi; prise -> tv; price [style=dashed]; price -> a; a -> b -> a }", CHANNELS, ["price"]
        )
    said = "\n".join(told.value.problems)
    for part in (
        "'prise'",
        "did you mean 'price'",
        "'price' is measured",
        "circle (a -> b)",
        "no arrows lead from 'search'",
    ):
        assert part in said
    assert told.value.source == "causal.graph"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("graph { tv -- kpi }", "no direction"),
        ("digraph { tv -> -> kpi }", "cannot be read"),
        ("tv causes sales", "cannot be read"),
        ("graph [ node [ id ] ]", "cannot be read"),
    ],
)
def test_text_that_is_no_graph_is_refused(text: str, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=part):
        read_graph(text, CHANNELS)
    assert not capsys.readouterr().out


def study(**causal: object) -> dict[str, object]:
    data = {
        "source": "sales.csv",
        "time": "week",
        "kpi": {"column": "sales", "kind": "revenue"},
        "controls": ["price"],
        "channels": {name: {"spend": f"{name}_spend"} for name in CHANNELS},
    }
    return {"study": "s", "currency": "EUR", "data": data, "causal": causal}


def test_the_study_says_what_is_believed() -> None:
    assert read_beliefs(load_study(study(latent_demand=["tv"]))).latent_demand == ("tv",)
    few = read_beliefs(load_study(study(mediators={"tv": ["search"]})))
    assert few.about("tv", ("the season", "search")) == channel_graph("tv", ("the season", "search"), ("search",))
    assert (("price", KPI)) in read_beliefs(load_study(study(graph=DOT))).drawn


@pytest.mark.parametrize(
    ("causal", "part"),
    [
        ({"latent_demand": ["radio"]}, "causal.latent_demand cannot name 'radio'"),
        ({"mediators": {"tv": ["tv"]}}, "causal.mediators.tv cannot name 'tv'"),
        ({"mediators": {"prices": ["tv"]}}, "causal.mediators cannot name 'prices'"),
        ({"graph": DOT, "latent_demand": True}, "remove latent_demand"),
    ],
)
def test_names_that_cannot_be_meant_and_things_said_twice_are_refused(causal: dict[str, object], part: str) -> None:
    with pytest.raises(StudyError, match=part):
        load_study(study(**causal))
