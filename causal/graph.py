"""Which common causes stand between a channel and the KPI, and can they be held still?

The graph of one channel says what is believed: season, trend, geo, controls, treatments and the other channels'
adstocked exposure each move both the channel and the KPI; a mediator is moved by the channel and moves the KPI; a
latent demand is drawn where it is believed, and cannot be held still because nobody measured it.

    season -> tv,  season -> kpi,  search -> tv,  search -> kpi,  tv -> kpi        (and, if believed, demand -> tv, kpi)

DoWhy decides whether the effect is identified by adjustment. A valid set exists exactly if the measured ancestors of
channel and KPI that the channel does not move form one (van der Zander, Liskiewicz and Textor, UAI 2014, Theorem 4):
so DoWhy tests that one set, and its search through subsets, which takes minutes at 30 covariates, is not needed.

Where no set is valid the answer is "not identifiable", and no estimate pretends otherwise. To believe something else,
build a `CausalGraph` of your own edges; `to_dot` and `to_gml` write it as text.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass

KPI = "the KPI"
DEMAND = "a latent demand"


@dataclass(frozen=True)
class CausalGraph:
    """Arrows between named causes; `latent` nodes are believed in but not measured."""

    treatment: str
    outcome: str
    edges: tuple[tuple[str, str], ...]
    latent: frozenset[str] = frozenset()

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every name, in the order in which the edges mention them."""
        return tuple(dict.fromkeys([*(name for edge in self.edges for name in edge), self.treatment, self.outcome]))


def channel_graph(
    channel: str, causes: Collection[str], mediators: Collection[str] = (), latent_demand: bool = False
) -> CausalGraph:
    """The default beliefs about one channel: every cause moves the channel and the KPI, every mediator lies between."""
    edges = [(cause, end) for cause in causes if cause not in mediators for end in (channel, KPI)]
    edges += [edge for mediator in mediators for edge in ((channel, mediator), (mediator, KPI))]
    edges.append((channel, KPI))
    if latent_demand:
        edges += [(DEMAND, channel), (DEMAND, KPI)]
    return CausalGraph(channel, KPI, tuple(edges), frozenset({DEMAND} if latent_demand else ()))


def identify(graph: CausalGraph) -> tuple[str, ...] | None:
    """The measured causes to hold still, in the graph's order, or None where that cannot identify the effect."""
    import networkx

    drawn = networkx.DiGraph(list(graph.edges))
    drawn.add_nodes_from(graph.nodes)
    ends = {graph.treatment, graph.outcome}
    ancestors = set().union(*(networkx.ancestors(drawn, end) for end in ends))
    moved = networkx.descendants(drawn, graph.treatment)
    candidate = [name for name in graph.nodes if name in ancestors - moved - ends - graph.latent]
    check = _dowhy().check_valid_backdoor_set(drawn, [graph.treatment], [graph.outcome], candidate)
    return tuple(candidate) if check["is_dseparated"] else None


def to_dot(graph: CausalGraph) -> str:
    """The graph in Graphviz's language; latent causes are dashed."""
    named = {name: '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in graph.nodes}
    lines = [f"  {named[name]} [style=dashed];" for name in graph.nodes if name in graph.latent]
    lines += [f"  {named[cause]} -> {named[effect]};" for cause, effect in graph.edges]
    return "\n".join(["digraph {", *lines, "}", ""])


def to_gml(graph: CausalGraph) -> str:
    """The graph as GML, which DoWhy and most graph editors read."""
    numbers = {name: number for number, name in enumerate(graph.nodes)}
    named = {name: '"' + name.replace("&", "&amp;").replace('"', "&quot;") + '"' for name in graph.nodes}
    latent = {name: ' observed "no"' if name in graph.latent else "" for name in graph.nodes}
    lines = [f"  node [ id {numbers[name]} label {named[name]}{latent[name]} ]" for name in graph.nodes]
    lines += [f"  edge [ source {numbers[cause]} target {numbers[effect]} ]" for cause, effect in graph.edges]
    return "\n".join(["graph [", "  directed 1", *lines, "]", ""])


def _dowhy():  # type: ignore[no-untyped-def]  # a module, imported here because DoWhy takes ten seconds to load
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "invalid escape sequence", SyntaxWarning, module=r".*dowhy.*")
        from dowhy import graph
    return graph
