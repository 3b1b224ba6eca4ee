"""What does a study believe of the causes behind spend and sales, and what does that say about one channel?

    beliefs = read_beliefs(study.causal)                   # the default, a few words, or a graph of the analyst's own
    beliefs.about("tv", causes)                            # CausalGraph

A graph is text, in Graphviz's language or GML: an arrow from each cause to what it moves, the KPI as `kpi`, and as
`season`, `trend` and `geo` what the model always measures. A node that is drawn dashed (in GML: `observed "no"`) is
latent: believed in, measured by nobody.

    digraph {
        season -> {tv search kpi}
        tv -> search -> kpi
        mood [style=dashed]
        mood -> kpi
    }
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from causal.adjustment import GEO, SEASON, TREND
from causal.graph import KPI, CausalGraph, channel_graph
from mmm.errors import InputError, closest
from mmm.study import Study

if TYPE_CHECKING:
    from networkx import DiGraph

NAMES = {"kpi": KPI, "season": SEASON, "trend": TREND, "geo": GEO}
"""What the graph calls the things that have no column of their own."""
SOURCE = "causal.graph"

LatentDemand = bool | Collection[str]


@dataclass(frozen=True)
class Beliefs:
    """`drawn` is a whole graph, as arrows; without one, every cause moves every channel and the KPI, but for what
    `latent_demand` and `mediators` say."""

    latent_demand: LatentDemand = False
    mediators: Mapping[str, Collection[str]] = field(default_factory=dict)
    drawn: tuple[tuple[str, str], ...] = ()
    latent: frozenset[str] = frozenset()

    def about(self, channel: str, causes: Collection[str]) -> CausalGraph:
        """The graph of one channel among measured `causes`."""
        if self.drawn:
            return CausalGraph(channel, KPI, self.drawn, self.latent)
        believed = self.latent_demand if isinstance(self.latent_demand, bool) else channel in self.latent_demand
        return channel_graph(channel, causes, self.mediators.get(channel, ()), believed)


def read_beliefs(study: Study) -> Beliefs:
    """What the section `causal` of a study says, its graph read and checked against what the study measures."""
    said = study.causal
    if said.graph is None:
        return Beliefs(said.latent_demand, said.mediators)
    media = [*study.data.channels, *study.data.organic]
    return read_graph(said.graph, media, [*study.data.treatments, *study.data.controls])


def read_graph(text: str, channels: Collection[str], others: Collection[str] = ()) -> Beliefs:
    """A graph of `channels` and `others`, as text. Raises `InputError` with everything that is wrong with it."""
    drawn = _parsed(text, {name: ours for name, ours in NAMES.items() if name not in (*channels, *others)})
    latent = frozenset(name for name, seen in drawn.nodes(data="latent") if seen)
    problems = list(_problems(drawn, latent, channels, others))
    if problems:
        raise InputError(problems, SOURCE)
    return Beliefs(drawn=tuple(drawn.edges), latent=latent)


def _parsed(text: str, ours: Mapping[str, str]) -> DiGraph:
    """The graph with `ours` for names of what has no column, and `latent` on its nodes."""
    import networkx

    read: Any
    try:
        read = networkx.parse_gml(text) if text.lstrip().startswith("graph [") else _from_dot(text)
    except networkx.NetworkXError as error:
        raise InputError([f"the GML cannot be read: {error}"], SOURCE) from error
    if not read.is_directed():
        raise InputError(["the lines have no direction: write `digraph` and `->`, in GML `directed 1`"], SOURCE)
    graph = networkx.DiGraph()
    for name, given in read.nodes(data=True):
        dashed = "dashed" in str(given.get("style", "")) or str(given.get("observed", "yes")).lower() == "no"
        graph.add_node(ours.get(name, name), latent=dashed)
    graph.add_edges_from((ours.get(cause, cause), ours.get(end, end)) for cause, end in networkx.DiGraph(read).edges)
    return graph


def _from_dot(text: str) -> Any:
    import pydot
    from networkx.drawing.nx_pydot import from_pydot

    said = io.StringIO()
    with contextlib.redirect_stdout(said), warnings.catch_warnings():  # pydot prints what it could not read
        warnings.simplefilter("ignore", DeprecationWarning)
        graphs = pydot.graph_from_dot_data(text)
    if not graphs:
        where = " ".join(said.getvalue().split()[-6:])
        raise InputError([f"the graph cannot be read; write `digraph {{ cause -> effect }}`: {where}"], SOURCE)
    return from_pydot(graphs[0])


def _problems(
    graph: DiGraph, latent: Collection[str], channels: Collection[str], others: Collection[str]
) -> Iterator[str]:
    import networkx

    measured = [*channels, *others, *NAMES.values()]
    for name in graph:
        if name not in measured and name not in latent:
            said = "no column of the study, and neither kpi, season, trend nor geo"
            yield f"{name!r} is {said}: {closest(name, measured)}; draw it dashed if nobody measured it"
        if name in measured and name in latent:
            yield f"{name!r} is measured: draw it with a solid line"
    if not networkx.is_directed_acyclic_graph(graph):
        around = " -> ".join(cause for cause, _ in networkx.find_cycle(graph))
        yield f"the arrows go round in a circle ({around}): a cause comes before what it moves, remove one"
    for channel in channels:
        if channel not in graph or KPI not in graph or not networkx.has_path(graph, channel, KPI):
            yield f"no arrows lead from {channel!r} to kpi: draw what its effect, if it has one, would take"
