"""What can be held still, and when nothing can."""

from __future__ import annotations

import pytest

from causal.graph import DEMAND, KPI, CausalGraph, channel_graph, identify, to_dot, to_gml

CAUSES = ("the season", "price", "search")


def test_every_measured_common_cause_is_held_still() -> None:
    assert identify(channel_graph("tv", CAUSES)) == CAUSES


def test_a_latent_demand_leaves_the_channel_unidentified() -> None:
    assert identify(channel_graph("tv", CAUSES, latent_demand=True)) is None


def test_a_mediator_is_not_held_still() -> None:
    assert identify(channel_graph("tv", CAUSES, mediators=("search",))) == ("the season", "price")


def test_a_cause_of_nothing_but_the_channel_may_be_held_still_and_a_bystander_is_not() -> None:
    graph = CausalGraph("tv", KPI, (("agency", "tv"), ("tv", KPI), ("weather", "umbrellas")))
    assert identify(graph) == ("agency",)


def test_holding_a_collider_of_latent_causes_still_would_open_a_path() -> None:
    """The M graph: the collider is no ancestor of either end, so it stays out and the empty set identifies."""
    edges = (("a", "tv"), ("a", "brand survey"), ("b", "brand survey"), ("b", KPI), ("tv", KPI))
    assert identify(CausalGraph("tv", KPI, edges, frozenset({"a", "b"}))) == ()


@pytest.mark.parametrize("latent", [False, True])
def test_agrees_with_the_search_of_dowhy(latent: bool) -> None:
    import networkx
    from dowhy.causal_identifier.auto_identifier import BackdoorAdjustment, identify_backdoor

    graph = channel_graph("tv", CAUSES, mediators=("search",), latent_demand=latent)
    drawn = networkx.DiGraph(list(graph.edges))
    observed = [name for name in graph.nodes if name not in graph.latent]
    sets = identify_backdoor(drawn, ["tv"], [KPI], observed, BackdoorAdjustment.BACKDOOR_MAX)
    found = identify(graph)
    assert (found is None) == (not sets)
    if found is not None:
        assert set(found) in [set(each.get_adjustment_variables()) for each in sets]


def test_the_graph_is_written_as_text_that_tools_read_back() -> None:
    import networkx

    graph = channel_graph('tv "spot"', ("R&D",), latent_demand=True)
    dot, gml = to_dot(graph), to_gml(graph)
    assert f'"{DEMAND}" [style=dashed];' in dot
    assert '"R&D" -> "tv \\"spot\\"";' in dot
    read = networkx.parse_gml(gml, label="label")
    assert set(read.edges) == set(graph.edges)
