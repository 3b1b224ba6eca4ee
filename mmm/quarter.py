"""What is asked of a run inside its quarter and after it? To keep pace with the plan, to watch, to refresh.

    pace(run, data)                    the periods so far against the plan of record: pace.json, pace.csv, pace.pdf
    watch(run, data)                   new periods against the forecast: watch.json
    refreshed(parent, data, study)     what a refresh fits; then `descend` and `changes` on the new run

None of it is a stage of the run that it looks at: nothing that the run has found is changed, and all that is done goes
into its audit log.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from mmm import audit
from mmm.errors import InputError, listing
from mmm.files import digest, read_table, write_atomic, write_table
from mmm.run import Identity, amend, code_version, read_manifest
from mmm.stages import Progress, prepared, sampling, write_tables
from mmm.study import Study

if TYPE_CHECKING:
    from mmm.watch.monitor import Watch


def watch(run: Path, data: Path, today: dt.date | None = None) -> tuple[Path, Watch]:
    """Holds the new periods of `data` against the run's fit, and writes `watch.json`: no stage, for it changes nothing
    that the run has found."""
    from mmm.model.fit import load_fit
    from mmm.watch.monitor import watch as watched

    found = watched(load_fit(run / "fit.nc"), data, today)
    about = {
        "run_id": read_manifest(run)["run_id"],
        "data": data.name,
        "data_sha256": digest(data) if data.is_file() else None,
    }
    path = write_atomic(run / "watch.json", found.to_json(**about))
    raised = [f"{alert.monitor}: {alert.subject}" for alert in found.alerts]
    amend(run, audit=audit.record(run, "watched", **about, alerts=raised, output=digest(path)))
    return path, found


def refreshed(parent: Path, data: Path, study: Study | None) -> tuple[Study, xr.DataTree, Identity]:
    """The study and the panel of a refresh, and what it is a run of: the parent's study (or a newer one that reads the
    same channels) on the parent's data as they are known now, and the new periods.

    A plan that began after the parent's data begins after the new ones.
    """
    from mmm.data.extend import read_new
    from mmm.data.identity import data_hash
    from mmm.model.fit import load_fit, model_of, panel_of, study_of
    from mmm.plan.stage import check_plan
    from mmm.watch.refresh import refreshed_panel

    fitted = load_fit(parent / "fit.nc")
    before, own = study_of(fitted), panel_of(fitted)
    after = study or before
    known = [str(name) for name in own["channel"].values]
    if set(known) != {*after.data.channels, *after.data.organic}:
        asked = listing(sorted({*after.data.channels, *after.data.organic}))
        raise InputError(
            [
                f"the study reads the channels {asked}, and the parent {listing(known)}: a refresh compares like with "
                "like, use `mmm run` for other channels"
            ]
        )
    late = read_new(after, data, own)
    window = after.data.window.model_copy(update={"end": None})
    origin = after.data.source if isinstance(after.data.source, tuple) else data.as_posix()
    source = after.data.model_copy(update={"source": origin, "window": window})
    horizon = after.plan.horizon
    if study is None and not isinstance(horizon, str):
        horizon = horizon.model_copy(update={"start": None})
    plan = after.plan.model_copy(update={"horizon": horizon})
    after = after.model_copy(update={"data": source, "plan": plan})
    panel = refreshed_panel(fitted, late["panel"].to_dataset()).panel
    tree = xr.DataTree.from_dict({"/panel": panel.drop_attrs(deep=False)})
    kept = ("schema_version", "frequency", "periods_per_year")
    tree.attrs = {name: fitted.attrs[name] for name in kept} | {"study": json.dumps(after.canonical())}
    tree.attrs |= {"data_hash": data_hash(panel), "notes": fitted.attrs.get("notes", "")}
    if study is not None:
        tree = prepared(after, tree)
    else:
        if "lift" in fitted.children:
            tree["lift"] = fitted["lift"].copy()
        model_of(tree, after)
        check_plan(tree, after)
    content = str(tree.attrs["data_hash"]) + (data_hash(tree["lift"].to_dataset()) if "lift" in tree.children else "")
    hashed = hashlib.sha256(f"{content}\n{read_manifest(parent)['run_id']}".encode()).hexdigest()
    return after, tree, Identity(after.study, after.hash(), hashed, code_version())


def descend(run: Path, parent: Path) -> None:
    """Names the parent in `run.json` and, with the state it was in, in the audit log."""
    before = read_manifest(parent)
    if read_manifest(run)["parent"] == before["run_id"]:
        return
    head = audit.record(
        run, "refreshed", parent=before["run_id"], parent_audit=before["audit"], parent_fit=digest(parent / "fit.nc")
    )
    amend(run, parent=before["run_id"], audit=head)


def changes(run: Path, parent: Path, progress: Progress) -> Iterable[Path]:
    """Why each ROI moved since the parent."""
    from mmm.model.fit import fit as sample
    from mmm.model.fit import load_fit
    from mmm.watch import refresh

    same_code = read_manifest(parent)["code_version"] == code_version()
    worlds = refresh.path(
        load_fit(parent / "fit.nc"),
        load_fit(run / "fit.nc"),
        lambda tree, study: sample(tree, study, progress=sampling(progress)),
        same_code,
    )
    return write_tables(run, {"changes": refresh.changes(worlds)})


def pace(run: Path, data: Path) -> tuple[Path, dict[str, Any]]:
    """Holds the periods so far against the plan of record; returns the path and the facts.

    `pace.json`, `pace.csv` and the page `pace.pdf` lie outside `tables/`, where the documents would become outdated
    with them.
    """
    from mmm.data.panel import load_panel
    from mmm.model.fit import load_fit, study_of
    from mmm.plan.pace import pace as compare
    from mmm.study import Window
    from reports import render

    path = run / "tables" / "calendar.csv"
    if not path.is_file():
        raise InputError([f"{run} has no plan of record ({path.relative_to(run)}): run `mmm plan {run}` first"])
    fitted = load_fit(run / "fit.nc")
    study = study_of(fitted)
    if study.plan.horizon == "history":
        raise InputError(["plan.horizon is history: a plan that looks back has no quarter to keep pace with"])
    known = {"source": str(data.resolve()), "frequency": str(fitted.attrs["frequency"]), "window": Window()}
    panel = load_panel(study.model_copy(update={"data": study.data.model_copy(update=known)}))
    verdicts = run / "tables" / "verdicts.csv"
    found = compare(fitted, panel, read_table(path), read_table(verdicts) if verdicts.is_file() else None)
    record = {"run_id": read_manifest(run)["run_id"], "data": digest(data)} | found.facts
    write_table(run / "pace.csv", found.table)
    written = write_atomic(run / "pace.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    outputs = {path.name: digest(path) for path in (written, render.pace(run))}
    audit.record(run, "pace", as_of=found.facts["as_of"], data=record["data"], outputs=outputs)
    return written, found.facts
