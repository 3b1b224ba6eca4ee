"""What can be asked on the command line?

    mmm init data.csv      guess a first study.yaml
    mmm check study.yaml   read and review the data
    mmm fit study.yaml     ... and fit the model
    mmm validate RUN       causal validation, channel by channel
    mmm plan RUN           scenarios and a recommended budget
    mmm report RUN         notebooks, PDF, HTML, workbook
    mmm run study.yaml     all of it
    mmm refresh RUN        the same study on new data, and why each ROI moved
    mmm watch RUN          new periods against the forecast, and drift of what the model is fed
    mmm pace RUN           inside the quarter: plan against actual, and what to do with the rest
    mmm approve RUN        record who approved the plan, and why
    mmm export RUN         daily budgets for an ad platform, once the plan is approved
    mmm audit RUN          show that nobody edited the record
    mmm new-notebook NAME  a copy of a notebook to work on, with its run filled in

Exit code 0: done. 1: the work failed, and `error.log` in the run folder has the traceback. 2: the input is wrong;
every problem is listed, and nothing is left behind. 3: `mmm watch` raised an alert. A command that was interrupted
takes up where it was when it is given again. This module composes the others and does no work itself; what is heavy is
imported inside the commands.

To add a command, decorate a function that returns its outcome (a mapping) with `@command`.
"""

from __future__ import annotations

import datetime as dt
import functools
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mmm import __version__
from mmm.console import Outcome, Shown, answer, complain, showing

if TYPE_CHECKING:
    from mmm.run import Stage

ALL = ("check", "fit", "insight", "backtest", "validate", "plan", "report")

ALERT = 3
"""The exit code of a command that did its work and found what needs a decision."""

REFRESHED = ("check", "fit", "changes", "insight", "backtest", "validate", "plan", "report")

out_option = click.option(
    "--out", type=click.Path(path_type=Path), help="The run folder; runs/<study>/<hash> if left out."
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="The file with the new periods, old ones too or not."
)
study_argument = click.argument("study", type=click.Path(path_type=Path))
run_argument = click.argument("run", type=click.Path(path_type=Path))


class StageFailed(RuntimeError):
    """A stage of a run could not do its work."""


class InOrder(click.Group):
    """Lists its commands in the order of the work, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mmm")
def main() -> None:
    """Marketing mix modeling, from raw exports to a board report."""


def command(function: Callable[..., Outcome]) -> Callable[..., None]:
    """Makes a function a command: adds `--json`, prints its outcome, and turns errors into letters and exit codes."""

    @main.command(name=function.__name__.rstrip("_"))
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
    @functools.wraps(function)
    def called(as_json: bool, **arguments: object) -> None:
        name = function.__name__.rstrip("_")
        code = _attempt(function, name, as_json, arguments)
        click.get_current_context().exit(code)

    return called


def _attempt(function: Callable[..., Outcome], name: str, as_json: bool, arguments: dict[str, object]) -> int:
    from mmm.errors import InputError
    from mmm.lock import RunBusy

    try:
        outcome = function(**arguments)
        answer({"command": name, **outcome}, as_json)
        return ALERT if outcome.get("alerts") else 0
    except InputError as error:
        complain(name, str(error).splitlines()[0], error.problems, as_json)
        return 2
    except (StageFailed, RunBusy) as error:
        complain(name, str(error), [], as_json)
    except KeyboardInterrupt:
        complain(name, "interrupted. Give the same command again to take up where it was.", [], as_json)
    except OSError as error:
        told = f"{error.filename} cannot be used ({error.strerror})" if error.filename else str(error)
        remedy = "Make it writable or make room, or name another folder with --out; what was done before is kept."
        complain(name, f"{told}. {remedy}", [], as_json)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        complain(name, f"stopped with {_brief(error)} (in {place.filename}, line {place.lineno})", [], as_json)
    return 1


@command
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file to write; study.yaml beside the data if left out."
)
def init(data: Path, out: Path | None) -> Outcome:
    """Guess a first study from a table's columns, and say what was guessed."""
    from mmm.errors import InputError
    from mmm.files import write_atomic

    target = out or data.parent / "study.yaml"
    if target.exists():
        raise InputError([f"{target} exists already: name another file with --out, or remove it"])
    from mmm.data.guess import guess_study

    text, notes = guess_study(data, target.parent)
    write_atomic(target, text)
    return {"study": str(target), "guessed": list(notes)}


@command
@study_argument
@out_option
def check(study: Path, out: Path | None) -> Outcome:
    """Read the data, list every problem, and review what was read."""
    return _from_study(study, out, ALL[:1])


@command
@study_argument
@out_option
def fit(study: Path, out: Path | None) -> Outcome:
    """Check the data and fit the model."""
    return _from_study(study, out, ALL[:4])


@command
@run_argument
def validate(run: Path) -> Outcome:
    """Test each channel's effect for causality."""
    return _from_run(run, ["validate"])


@command
@run_argument
def plan(run: Path) -> Outcome:
    """Compare budget scenarios and recommend one."""
    return _from_run(run, ["plan"])


@command
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN|STUDY")
def report(run: Path) -> Outcome:
    """Make the documents of a run; of a study file, run it first."""
    if run.is_file() and run.suffix in {".yaml", ".yml"}:
        return _from_study(run, None, ALL)
    return _from_run(run, ["report"])


@command
@study_argument
@out_option
def run(study: Path, out: Path | None) -> Outcome:
    """Everything: check, fit, validate, plan, report."""
    return _from_study(study, out, ALL)


@command
@run_argument
@data_option
@click.option("--study", type=click.Path(path_type=Path), help="A newer study.yaml; the parent's if left out.")
@out_option
def refresh(run: Path, data: Path, study: Path | None, out: Path | None) -> Outcome:
    """Fit a run's study on new data as well, and say why each ROI moved."""
    with showing() as shown:
        shown.begin("read")
        from mmm import quarter, stages
        from mmm.errors import InputError
        from mmm.run import Stage, opened
        from mmm.study import load_study

        with _finished(run):
            newer, panel, identity = quarter.refreshed(run, data, load_study(study) if study else None)
        folder = out or Path("runs") / newer.study / identity.key
        if folder.resolve() == run.resolve():
            raise InputError([f"{folder} is the parent itself: name another folder with --out"])
        shown.end(f"{panel['panel'].sizes['time']} periods")
        with opened(folder, identity, stages.resolved(newer)):
            quarter.descend(folder, run)
            steps = stages.stages(folder, newer, panel, shown.update)
            steps["changes"] = Stage("changes", ("fit.nc",), lambda: quarter.changes(folder, run, shown.update))
            return {"parent": str(run), **_work_through(folder, [steps[name] for name in REFRESHED], shown)}


@command
@run_argument
@data_option
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day to judge freshness by; today if left out.")
def watch(run: Path, data: Path, today: dt.datetime | None) -> Outcome:
    """Hold new periods against the model's forecast; exit code 3 on an alert."""
    with showing() as shown, _finished(run):
        shown.begin("watch")
        from mmm import quarter

        path, watched = quarter.watch(run, data, today.date() if today else None)
        shown.end(f"{len(watched.alerts)} alerts")
    said = [f"{alert.monitor}, {alert.subject}: {alert.message} {alert.remedy}" for alert in watched.alerts]
    return {"run": str(run), "watch": str(path), "periods": int(watched.periods["time"].nunique()), "alerts": said}


@command
@run_argument
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The quarter's periods so far.")
def pace(run: Path, data: Path) -> Outcome:
    """Hold the quarter so far against the plan of record, and propose how to spend what is left."""
    with showing() as shown, _finished(run):
        shown.begin("pace")
        from mmm import quarter

        path, facts = quarter.pace(run, data)
        shown.end(f"{facts['periods_done']} periods done, {facts['periods_left']} left")
    return {"run": str(run), "pace": str(path), **{name: facts[name] for name in ("as_of", "verdict", "budget_left")}}


@command
@run_argument
@click.option("--by", required=True, help="Who approves the plan.")
@click.option("--reason", required=True, help="Why, in a sentence that is understood years later.")
def approve(run: Path, by: str, reason: str) -> Outcome:
    """Record the approval of the recommended plan in the audit log."""
    from mmm import approval
    from mmm.run import opened

    with opened(run):
        return {"run": str(run), **approval.approve(run, by, reason)}


@command
@run_argument
@click.option("--max-change", default=0.2, show_default=True, help="The most a daily budget grows from day to day.")
@click.option("--write", is_flag=True, help="Write the file; without it, only say what would be written.")
def export(run: Path, max_change: float, write: bool) -> Outcome:
    """Make the approved plan a file of daily budgets for an ad platform; a dry run unless --write is given."""
    from mmm import approval
    from mmm.run import opened

    with opened(run):
        table = approval.run_upload(run, max_change)
        written = approval.export(run, table) if write else None
        known = approval.approval_of(run)
    sums = table.groupby("channel", sort=False)[["daily_budget", "planned"]].sum()
    said = [f"{name}: {row.daily_budget:,.2f} of {row.planned:,.2f} planned" for name, row in sums.iterrows()]
    approved = f"by {known['by']}: {known['reason']}" if known else "no: nothing is written without `mmm approve`"
    return {
        "run": str(run),
        "approved": approved,
        "first": f"{table['date'].min():%Y-%m-%d}",
        "last": f"{table['date'].max():%Y-%m-%d}",
        "budgets": said,
        "held_back": approval.held_back(table) or "nothing",
        "written": str(written) if written else "nothing: a dry run, give --write",
    }


@command
@run_argument
def audit(run: Path) -> Outcome:
    """Verify the audit log: every entry, its order, and that none is missing."""
    from mmm import approval

    found = approval.faults(run)
    if found:
        raise StageFailed("; ".join(found))
    listed = approval.entries(run)
    approvals = [f"{entry['at'][:10]} by {entry['by']}: {entry['reason']}" for entry in listed if "by" in entry]
    return {"run": str(run), "entries": str(len(listed)), "verified": "yes", "approvals": approvals}


@main.command(name="new-notebook")
@click.argument("name")
@click.option("--run", type=click.Path(path_type=Path), required=True, help="The run folder that it looks at.")
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; NAME.ipynb here if left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.pass_context
def new_notebook(context: click.Context, name: str, run: Path, out: Path | None, as_json: bool) -> None:
    """Copy a notebook of the package to work on, with its run filled in."""

    def copied() -> Outcome:
        from reports.notebooks import copy

        return {"notebook": str(copy(name, run, out or Path(f"{name}.ipynb")))}

    context.exit(_attempt(copied, "new-notebook", as_json, {}))


def _from_study(path: Path, out: Path | None, names: Iterable[str]) -> Outcome:
    """Reads a study and its data before anything is written, then does the named stages."""
    with showing() as shown:
        shown.begin("read")
        from mmm import stages
        from mmm.data.panel import load_study_and_panel
        from mmm.run import opened
        from mmm.study_brand import doubts, keep

        study, panel = load_study_and_panel(path)
        panel = stages.prepared(study, panel)
        identity = stages.identity(study, panel)
        folder = out or Path("runs") / study.study / identity.key
        sizes = panel["panel"].sizes
        shown.end(f"{sizes['geo']} geo x {sizes['time']} periods x {sizes['channel']} channels")
        brand = stages.brand_of(study)
        for doubt in doubts(brand) if brand else []:
            shown.warn(f"{study.report.brand}: {doubt}")
        with opened(folder, identity, stages.resolved(study)):
            keep(brand, folder)
            steps = stages.stages(folder, study, panel, shown.update)
            return _work_through(folder, [steps[name] for name in names], shown)


@contextmanager
def _finished(folder: Path) -> Iterator[Path]:
    """Holds a run that has a fit; `InputError` where it has none."""
    from mmm.errors import InputError
    from mmm.run import is_whole, opened

    with opened(folder):
        if not is_whole(folder, "fit"):
            raise InputError([f"{folder} has no finished fit: run `mmm fit` with its study and --out {folder} first"])
        yield folder


def _from_run(folder: Path, names: Iterable[str]) -> Outcome:
    """Does the named stages of a run that has a fit."""
    from mmm import stages

    with showing() as shown, _finished(folder):
        steps = stages.stages(folder, progress=shown.update)
        return _work_through(folder, [steps[name] for name in names], shown)


def _work_through(folder: Path, steps: list[Stage], shown: Shown) -> Outcome:
    from mmm.run import ERROR_LOG, read_manifest

    (folder / ERROR_LOG).unlink(missing_ok=True)
    done = {}
    for stage in steps:
        shown.begin(stage.name)
        done[stage.name] = "done" if _guarded(folder, stage) else "unchanged"
        seconds = read_manifest(folder)["seconds"][stage.name]
        shown.end(f"done in {seconds:.1f} s" if done[stage.name] == "done" else "unchanged")
    manifest = read_manifest(folder)
    files = {name: sha for stage in steps for name, sha in manifest["stages"][stage.name]["outputs"].items()}
    top = [name for name in files if Path(name).parent in (Path(), Path("report"))]
    documents = [str(folder / name) for name in top or files]
    kept = {name: manifest[name] for name in ("run_id", "verdict", "reasons", "seconds")}
    return {"run": str(folder), **kept, "stages": done, "files": files, "documents": documents}


def _guarded(folder: Path, stage: Stage) -> bool:
    """Does a stage; a failure leaves its traceback in the run folder and becomes one paragraph."""
    from mmm import audit
    from mmm.errors import InputError
    from mmm.files import write_atomic
    from mmm.run import ERROR_LOG, perform

    try:
        return perform(folder, stage)
    except (InputError, PermissionError):
        raise
    except Exception as error:
        path = write_atomic(folder / ERROR_LOG, traceback.format_exc())
        audit.record(folder, "stage failed", stage=stage.name, error=_brief(error))
        raise StageFailed(
            f"the stage '{stage.name}' failed with {_brief(error)} "
            f"The traceback is in {path}; what was done before is kept, and the same command goes on from there."
        ) from error


def _brief(error: Exception, limit: int = 400) -> str:
    """An error in one paragraph."""
    text = " ".join(str(error).split())
    shortened = text if len(text) <= limit else text[: limit - 1] + "…"
    return f"{type(error).__name__}: {shortened}"
