"""What are the steps from a study to a board report, and what does each read and write?

    check -> fit -> insight -> backtest -> validate -> plan -> report

Each stage reads files of the run folder and writes files there; nothing passes from one to the next in memory, so a
stage can be done again alone. This is where `mmm`, `causal` and `reports` meet; the command line above it only says
which stages a command needs, and the libraries below it know nothing of run folders.

To add a step, write a function that returns the paths it wrote, and place it in `stages` with the patterns of the
files it reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr
import yaml

from mmm.errors import InputError
from mmm.files import digest, read_table, write_atomic, write_table
from mmm.run import Identity, Stage, amend, code_version
from mmm.study import Study
from mmm.study_brand import Brand, load_brand

if TYPE_CHECKING:
    from mmm.data.checks import Finding

Progress = Callable[[float, str], None]
"""Called with the share of the stage that is done, 0 to 1, and what is happening."""

RESULTS = ("pass", "caution", "fail")
"""Results of a check, from best to worst; the worst one decides the verdict."""


def silent(share: float, message: str) -> None:
    """Progress that nobody watches."""


def prepared(study: Study, panel: xr.DataTree) -> xr.DataTree:
    """The panel with the study's experiments beside it, once it is known that every stage can use both.

    Raises `InputError` with all that experiments, graph, model and plan have against the study: before anything is
    written.
    """
    from causal.beliefs import read_beliefs
    from mmm.data.lift import read_lift
    from mmm.model.calibrate import to_dataset
    from mmm.model.fit import model_of
    from mmm.plan.stage import check_plan

    tree = panel.copy()
    problems: list[str] = []

    def with_lift() -> None:
        if study.experiments:
            tree["lift"] = xr.DataTree(to_dataset(read_lift(study.resolve(study.experiments), panel)))

    questions: dict[str, Callable[[], object]] = {
        "experiments": with_lift,
        "causal": lambda: read_beliefs(study),
        "model": lambda: model_of(tree, study),
        "plan": lambda: check_plan(panel, study),
        "report": lambda: brand_of(study),
    }
    for section, question in questions.items():
        try:
            question()
        except InputError as error:
            place = error.source or section
            problems += [said if said.startswith(section) else f"{place}: {said}" for said in error.problems]
    if problems:
        raise InputError(problems)
    return tree


def brand_of(study: Study) -> Brand | None:
    """The brand that a study's report names, checked; `InputError` where its slides lack what makes them, too."""
    if "slides" in study.report.templates and find_spec("pptx") is None:
        raise InputError(["report.templates asks for slides, which need python-pptx: pip install 'mmm[pptx]'"])
    return load_brand(study.resolve(study.report.brand)) if study.report.brand else None


def identity(study: Study, panel: xr.DataTree) -> Identity:
    """What a run of `study` on `panel` is a run of; its data are the panel and the table of experiments."""
    data = str(panel.attrs["data_hash"])
    if study.experiments:
        data = hashlib.sha256(f"{data}\n{digest(study.resolve(study.experiments))}".encode()).hexdigest()
    return Identity(study.study, study.hash(), data, code_version())


def resolved(study: Study) -> str:
    """The study with every default written out, as the run folder keeps it."""
    text = yaml.safe_dump(study.canonical(), sort_keys=False, allow_unicode=True, width=120)
    return (
        f"# The study as it was run, every default written out. Paths are relative to the study's own folder.\n{text}"
    )


def stages(
    run: Path, study: Study | None = None, panel: xr.DataTree | None = None, progress: Progress = silent
) -> dict[str, Stage]:
    """The stages of a run by name, in order; `check` and `fit` are there where the study and its panel are given."""
    steps: dict[str, Stage] = {}
    if study is not None and panel is not None:
        steps["check"] = Stage("check", (), lambda: check(run, panel))
        steps["fit"] = Stage("fit", (), lambda: fit(run, study, panel, progress))
    steps["insight"] = Stage("insight", ("fit.nc",), lambda: insight(run))
    steps["backtest"] = Stage("backtest", ("fit.nc", "tables/learning.csv"), lambda: backtest(run, progress))
    steps["validate"] = Stage("validate", ("fit.nc",), lambda: validate(run, progress))
    steps["plan"] = Stage("plan", ("fit.nc", "tables/verdicts.csv"), lambda: plan(run))
    report_reads = ("study.yaml", "review.json", "fit.nc", "tables/*.csv", "brand/*")
    steps["report"] = Stage("report", report_reads, lambda: report(run, progress), keeps=True)
    return steps


def check(run: Path, panel: xr.DataTree) -> Iterable[Path]:
    """Reviews the data."""
    from mmm.data.review import review, with_findings
    from mmm.model.fit import study_of

    found = with_findings(review(panel), _experiments(panel))
    yield write_atomic(run / "review.json", found.to_json())
    yield write_atomic(run / "review.html", found.to_html(study_of(panel).report.locale))
    yield write_table(run / "tables" / "review.csv", found.findings_table())


def _experiments(panel: xr.DataTree) -> list[Finding]:
    """What the registry says about the study's experiments, as findings of the review."""
    from causal.registry import find
    from mmm.data.checks import Finding
    from mmm.model.calibrate import from_dataset

    if "lift" not in panel.children:
        return []
    flags = find(from_dataset(panel["lift"].to_dataset()), panel)
    return [
        Finding(f"experiment_{flag.flag}", flag.experiment, flag.severity, flag.statistic, flag.message)
        for flag in flags
    ]


def fit(run: Path, study: Study, panel: xr.DataTree, progress: Progress) -> Iterable[Path]:
    """Samples the posterior."""
    from mmm.model.fit import fit as sample
    from mmm.model.fit import save_fit

    fitted = sample(panel, study, progress=sampling(progress))
    save_fit(fitted, run / "fit.nc")
    amend(run, seed=int(fitted.attrs["seed"]), device=str(fitted.attrs["device"]))
    return [run / "fit.nc"]


def insight(run: Path) -> Iterable[Path]:
    """Turns the posterior into tables, and says what of it is the data's word."""
    from mmm.insight import tables
    from mmm.insight.frequency import optimal_frequency
    from mmm.insight.identify import identification
    from mmm.model.fit import load_fit

    fitted = load_fit(run / "fit.nc")
    made = {
        "channels": tables.channels_table(fitted),
        "total": tables.total_table(fitted),
        "contribution": tables.contribution_table(fitted),
        "curves": tables.curves_table(fitted),
        "learning": identification(fitted),
    }
    if "frequency" in fitted["panel"]:
        made["frequency"] = optimal_frequency(fitted)
    return write_tables(run, made)


def backtest(run: Path, progress: Progress) -> Iterable[Path]:
    """Checks the fit, predicts periods that it did not see, and replays their plan; the worst check is the verdict."""
    from mmm.insight.identify import prior_driven
    from mmm.insight.tables import checks_table, fit_table
    from mmm.model.fit import load_fit, study_of
    from mmm.watch.backtest import backtest as predict_hidden
    from mmm.watch.backtest import combined
    from mmm.watch.replay import replay

    fitted = load_fit(run / "fit.nc")
    tested = predict_hidden(fitted, progress=sampling(progress))
    known = run / "tables" / "learning.csv"
    believed = prior_driven(read_table(known), study_of(fitted)) if known.is_file() else None
    checks = pd.concat([checks_table(fitted), believed, tested.checks], ignore_index=True)
    amend(run, **verdict(checks))
    made = {"fit": combined(fit_table(fitted), tested.table), "checks": checks}
    if tested.refit is not None and tested.hidden is not None:
        replayed = replay(fitted, tested.refit, tested.hidden)
        made |= {} if replayed.empty else {"replay": replayed}
    return write_tables(run, made)


def validate(run: Path, progress: Progress) -> Iterable[Path]:
    """Puts each channel's effect to causal tests."""
    import causal
    from causal.card import accounts, cards, estimates
    from causal.conflict import conflicts_of, predictions
    from mmm.model.calibrate import from_dataset
    from mmm.model.fit import load_fit

    fitted = load_fit(run / "fit.nc")
    lift = from_dataset(fitted["lift"].to_dataset()) if "lift" in fitted.children else None
    verdicts, adjusted = causal.examine(
        fitted, lift=lift, progress=lambda done, total, channel: progress(done / total, channel)
    )
    measured = [] if lift is None else predictions(fitted, lift)
    returns = accounts(fitted, measured)
    tables = {
        "verdicts": verdicts,
        "causal": adjusted,
        "graph": causal.arrows(fitted),
        "estimates": estimates(returns, adjusted),
        "cards": cards(fitted, returns, verdicts, adjusted),
    }
    if lift is not None:
        tables["experiments"] = conflicts_of(measured, used=True)
    return write_tables(run, tables)


def plan(run: Path) -> Iterable[Path]:
    """Recommends a budget and compares it with the alternatives."""
    from mmm.model.fit import load_fit
    from mmm.plan.stage import plan_tables

    path = run / "tables" / "verdicts.csv"
    verdicts = read_table(path) if path.is_file() else None
    return write_tables(run, plan_tables(load_fit(run / "fit.nc"), verdicts))


def report(run: Path, progress: Progress) -> Iterable[Path]:
    """Executes the notebooks and makes the documents."""
    from reports.render import render

    return render(run, progress=progress)


def verdict(checks: pd.DataFrame) -> dict[str, object]:
    """The worst result of the checks, and the messages of those that did not pass, worst first."""
    severity = checks["result"].map(RESULTS.index)
    worst = RESULTS[int(severity.max())] if len(checks) else "pass"
    order = severity[severity > 0].sort_values(ascending=False, kind="stable").index
    return {"verdict": "ok" if worst == "pass" else worst, "reasons": checks.loc[order, "message"].tolist()}


def sampling(progress: Progress) -> Callable[[str, int, int], None]:
    """Progress as the sampler reports it: what it does, steps done, steps in all."""
    return lambda step, done, total: progress(min(done / total, 1.0), step)


def write_tables(run: Path, tables: dict[str, pd.DataFrame]) -> list[Path]:
    """Each table under its name in the run's `tables`."""
    return [write_table(run / "tables" / f"{name}.csv", table) for name, table in tables.items()]
