"""Marketing mix modeling: what did each channel do, how sure are we, and what should be spent next?

    import mmm, causal

    study = mmm.load_study("study.yaml")
    panel = mmm.load_panel(study)              # an xarray.DataTree
    fit = mmm.fit(panel, study)                # the same tree, with the posterior in it
    mmm.roi(fit)                               # draws by channel; summarise them last
    verdicts = causal.validate(fit)
    plan = mmm.allocate(fit, budget="same", bounds=(0.5, 1.5))

The verbs below are the public library; everything else is reached through its chapter, `mmm.media.adstock` or
`mmm.plots`. A name is imported when it is first used, so that `import mmm` costs nothing: JAX, pandas and the plotting
libraries load with the first verb that needs them. To publish a verb, add it to `_HOMES` and to the block above it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmm.data.panel import load_panel as load_panel
    from mmm.data.review import review as review
    from mmm.data.simulate import simulate as simulate
    from mmm.insight.check import check as check
    from mmm.insight.compare import compare as compare
    from mmm.insight.compare import loo as loo
    from mmm.insight.compare import stack as stack
    from mmm.insight.contrast import contrast as contrast
    from mmm.insight.contribution import contribution as contribution
    from mmm.insight.contribution import decompose as decompose
    from mmm.insight.curves import response_curves as response_curves
    from mmm.insight.frequency import optimal_frequency as optimal_frequency
    from mmm.insight.identify import identification as identification
    from mmm.insight.prior import prior_table as prior_table
    from mmm.insight.returns import half_life as half_life
    from mmm.insight.returns import mroi as mroi
    from mmm.insight.returns import roi as roi
    from mmm.model.fit import fit as fit
    from mmm.model.fit import load_fit as load_fit
    from mmm.model.fit import save_fit as save_fit
    from mmm.plan.scenario import allocate as allocate
    from mmm.study import load_study as load_study

_HOMES = {
    "load_study": "mmm.study",
    "load_panel": "mmm.data.panel",
    "review": "mmm.data.review",
    "simulate": "mmm.data.simulate",
    "fit": "mmm.model.fit",
    "load_fit": "mmm.model.fit",
    "save_fit": "mmm.model.fit",
    "check": "mmm.insight.check",
    "compare": "mmm.insight.compare",
    "loo": "mmm.insight.compare",
    "stack": "mmm.insight.compare",
    "identification": "mmm.insight.identify",
    "contrast": "mmm.insight.contrast",
    "contribution": "mmm.insight.contribution",
    "decompose": "mmm.insight.contribution",
    "optimal_frequency": "mmm.insight.frequency",
    "prior_table": "mmm.insight.prior",
    "roi": "mmm.insight.returns",
    "mroi": "mmm.insight.returns",
    "half_life": "mmm.insight.returns",
    "response_curves": "mmm.insight.curves",
    "allocate": "mmm.plan.scenario",
}

_CHAPTERS = ("data", "insight", "media", "model", "plan", "plots", "run", "study", "watch")

__version__ = "0.1.0"

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _CHAPTERS:
        value = importlib.import_module(f"mmm.{name}")
    else:
        raise AttributeError(f"module 'mmm' has no attribute {name!r}; its verbs are {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_CHAPTERS])
