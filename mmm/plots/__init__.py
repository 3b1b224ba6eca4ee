"""What does a result look like? A table or a fit in, Axes out.

    plots.roi(fit)                                    # a fitted model ...
    plots.roi("runs/spring-2026/7f3a91c2")            # ... a run folder ...
    plots.roi(pd.read_csv("tables/channels.csv"))     # ... or the table itself

Every plot draws one table of the run folder and computes nothing that the table could not have shown. Intervals are
90 % credible intervals and are drawn by default. Each takes optional Axes and gives Axes back; `plots.describe` has,
under the same name, the sentence that says what the figure shows, made from the same numbers.

Reading order: `theme` (the visual system), `names` (channels as people write them), `labels` (numbers and names that
fit), `source` (where tables come from), then one chapter a subject. To add a plot, write a function that takes a
`Source` and Axes in the chapter of its subject, wrap it in `theme.styled`, and name it in `_VERBS` below.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmm.plots import describe as describe
    from mmm.plots.backtest import fit_over_time as fit_over_time
    from mmm.plots.budget import allocation as allocation
    from mmm.plots.budget import scenarios as scenarios
    from mmm.plots.budget import spend_shift as spend_shift
    from mmm.plots.calendars import calendar as calendar
    from mmm.plots.calendars import flighting as flighting
    from mmm.plots.cards import verdict_cards as verdict_cards
    from mmm.plots.composition import contribution_over_time as contribution_over_time
    from mmm.plots.composition import decomposition as decomposition
    from mmm.plots.curves import response_curves as response_curves
    from mmm.plots.efficiency import frontier as frontier
    from mmm.plots.efficiency import marginal_returns as marginal_returns
    from mmm.plots.evidence import causal_agreement as causal_agreement
    from mmm.plots.evidence import gates as gates
    from mmm.plots.experiment import counterfactual as counterfactual
    from mmm.plots.experiment import power as power
    from mmm.plots.graph import causal_graph as causal_graph
    from mmm.plots.moves import moved as moved
    from mmm.plots.returns import intervals as intervals
    from mmm.plots.returns import roi as roi
    from mmm.plots.review import correlation as correlation
    from mmm.plots.review import spend_over_time as spend_over_time
    from mmm.plots.shapes import adstock_shapes as adstock_shapes
    from mmm.plots.shapes import saturation_shapes as saturation_shapes

_VERBS = {
    "adstock_shapes": "shapes",
    "allocation": "budget",
    "calendar": "calendars",
    "causal_agreement": "evidence",
    "causal_graph": "graph",
    "contribution_over_time": "composition",
    "counterfactual": "experiment",
    "correlation": "review",
    "decomposition": "composition",
    "fit_over_time": "backtest",
    "flighting": "calendars",
    "frontier": "efficiency",
    "gates": "evidence",
    "intervals": "returns",
    "marginal_returns": "efficiency",
    "moved": "moves",
    "power": "experiment",
    "response_curves": "curves",
    "roi": "returns",
    "saturation_shapes": "shapes",
    "scenarios": "budget",
    "spend_over_time": "review",
    "spend_shift": "budget",
    "verdict_cards": "cards",
}

__all__ = ["describe", *_VERBS]


def __getattr__(name: str) -> Any:
    if name in _VERBS:
        return getattr(import_module(f"mmm.plots.{_VERBS[name]}"), name)
    if name in ("describe", "labels", "names", "source", "theme"):
        return import_module(f"mmm.plots.{name}")
    raise AttributeError(f"module 'mmm.plots' has no plot {name!r}; it has {', '.join(sorted(_VERBS))}")


def __dir__() -> list[str]:
    return sorted(__all__)
