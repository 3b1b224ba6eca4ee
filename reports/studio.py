"""How does an analyst try a budget in JupyterLab, and see at once what it would bring?

    from reports.studio import studio

    desk = studio("runs/spring-2026/7f3a91c2")      # a run with a plan; the last line of a cell shows it
    desk = studio(fit, plan)                        # or a fit, and what `mmm.allocate` made of it
    desk.spend()                                    # what the sliders say now, in money by channel

A slider for each channel and one for the total, bounds, and the outcome with its interval, its return and its odds
against the present and the recommended plan. All of it is worked out in the browser, from curves and draws that travel
with the widget: nothing waits for the kernel, and a saved notebook still plans when no kernel runs. The script is the
web page's (`templates/planner.js`), so that both say the same.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import pandas as pd
import traitlets
import xarray as xr

from mmm.errors import InputError
from mmm.plan.scenario import Plan
from mmm.plots.look import look_of
from reports.facts import planner
from reports.source import OPTIONAL, REQUIRED, Source, language, read

TEMPLATES = Path(__file__).parent / "templates"

SHOWN = """
export default {
  render({ model, el }) {
    const root = document.createElement("div");
    const look = model.get("look");
    root.className = "planner studio";
    Object.entries(look).forEach(([name, value]) => root.style.setProperty("--" + name, value));
    el.append(root);
    planner(root, model.get("known"), function (multiples) {
      model.set("multiples", multiples);
      model.save_changes();
    });
  },
};
"""
"""How the web page's script becomes a widget."""

AROUND = """
.planner.studio { background: #fff; padding: .8rem 1rem; border: 1px solid var(--rule); border-radius: 3px; }
.planner.studio { font: 400 14px/1.5 var(--font), "Source Sans 3", system-ui, sans-serif; }
"""


class Studio(anywidget.AnyWidget):
    """The budget studio of one run. `multiples` are the channels' spends as multiples of the present ones, in order."""

    _esm = (TEMPLATES / "planner.js").read_text(encoding="utf-8") + SHOWN
    _css = (TEMPLATES / "planner.css").read_text(encoding="utf-8") + AROUND
    known = traitlets.Dict().tag(sync=True)
    look = traitlets.Dict().tag(sync=True)
    multiples = traitlets.List(traitlets.Float()).tag(sync=True)
    channels: tuple[str, ...] = ()

    def spend(self) -> dict[str, float]:
        """What the sliders say now: spend over the plan's horizon by channel, in the study's currency."""
        present = [channel["spend"] for channel in self.known["channels"]]
        now = [multiple * spend for multiple, spend in zip(self.multiples, present, strict=True)]
        return dict(zip(self.channels, now, strict=True))


def studio(run: Path | str | xr.DataTree, plan: Plan | None = None) -> Studio:
    """The budget studio of a run folder, or of a fit and its plan, opened on the recommended plan.

    Raises `InputError` where no plan was made.
    """
    if isinstance(run, xr.DataTree):
        source, name = _of_fit(run, plan), "the fit"
    else:
        source, name = read(Path(run)), Path(run).name
    facts = planner.numbers(source)
    said = planner.words(facts, language(source), planner.draws(source))
    if said is None:
        remedy = "run `mmm plan` on this run first, or give a fit and the plan that `mmm.allocate` made of it"
        raise InputError([f"there is no budget plan to start from: {remedy}"], name)
    look = look_of(source.brand)
    made = Studio(
        known=said["known"],
        look={"navy": look.main, "ink": look.ink, "font": f'"{look.font}"'},
        multiples=[row["proposed"] for row in facts["channels"]],
    )
    made.channels = tuple(row["channel"] for row in facts["channels"])
    return made


def _of_fit(fit: xr.DataTree, plan: Plan | None) -> Source:
    """What the planner needs to know of a fit and its plan, as a run folder would tell it."""
    from mmm.model.fit import study_of

    tables = dict.fromkeys((*REQUIRED, *OPTIONAL), pd.DataFrame())
    tables["fit"] = pd.DataFrame({"time": fit["panel"]["time"].values})
    if plan is not None:
        tables |= {"allocation": plan.allocation, "allocation_quality": plan.quality}
        tables |= {"plan_curves": plan.curves, "plan_draws": plan.draws}
    return Source(study_of(fit), {}, tables)
