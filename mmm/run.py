"""Where does a run keep its results, and how does it survive an interruption?

In one folder, whose `run.json` says what went in, what came out and which stages are done:

    run.json  study.yaml  review.json  fit.nc  tables/*.csv  report/*  audit.jsonl

A stage is done when `run.json` says so, its inputs have the hashes they had, and its outputs are whole. Then it is
skipped; anything else is done again. A stage is marked only after its last file lies under its final name, so a
process killed at any moment leaves a folder that the same command completes. When the input of a later stage changes,
what that stage made is removed: a plan never stands beside a fit it was not made from. A report is the exception: the
last whole one stays, with a file `OUTDATED.txt` beside it that says so, until a new one has taken its place.

The run id comes from the study, the data and the code, never from the clock: the same question of the same data has
the same id on every machine, and equal documents. Times are kept in `run.json` and in the audit log only.

    with opened(folder, identity, study) as run:
        perform(run, Stage("check", reads=(), work=lambda: [write_atomic(run / "review.json", text)]))
"""

from __future__ import annotations

import glob
import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mmm import __version__, audit
from mmm.errors import InputError
from mmm.files import TEMPORARY, digest, sweep, write_atomic
from mmm.lock import LOCK, locked

MANIFEST = "run.json"
ERROR_LOG = "error.log"
OUTDATED = "OUTDATED.txt"

DECIDING = (
    "jax",
    "jaxlib",
    "numpyro",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "duckdb",
    "dowhy",
    "statsmodels",
    "matplotlib",
    "typst",
)
"""The packages whose version can change a number or a document."""

PACKAGES = ("mmm", "causal", "reports", "notebooks")

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Identity:
    """What a run is a run of. `data_hash` covers the panel and the experiments."""

    study: str
    study_hash: str
    data_hash: str
    code_version: str

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that name the run's folder."""
        text = "\n".join([self.study_hash, self.data_hash, self.code_version])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def run_id(self) -> str:
        return f"{self.study}-{self.key}"


@dataclass(frozen=True)
class Stage:
    """A step of a run: the files it reads (patterns, relative to the run) and the work, which returns what it wrote.

    What a stage that `keeps` has made stays when its inputs change, until its work has made it anew.
    """

    name: str
    reads: tuple[str, ...]
    work: Callable[[], Iterable[Path]]
    keeps: bool = False


@cache
def code_version() -> str:
    """The package's version and a hash of its code: 0.1.0+3f2a91c40d."""
    home = Path(__file__).resolve().parent.parent
    found = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (home / package).rglob("*") if path.is_file()):
        name = path.relative_to(home)
        if path.suffix not in {".md", ".pyc"} and not any(part.startswith(".") for part in name.parts):
            found.update(f"{name.as_posix()}\n".encode() + path.read_bytes())
    return f"{__version__}+{found.hexdigest()[:10]}"


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide a run's numbers."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python} | {name: importlib.metadata.version(name) for name in DECIDING}


def read_manifest(run: Path) -> Manifest:
    """`run.json` as a mapping; `InputError` where `run` is not a run folder."""
    path = run / MANIFEST
    if not path.is_file():
        raise InputError(
            [f"{run} is not a run folder (it has no {MANIFEST}): give the folder that `mmm fit` or `mmm run` named"]
        )
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError([f"{path} cannot be read ({error}): remove the folder and run the study again"]) from error


def amend(run: Path, **changes: Any) -> Manifest:
    """Writes changed entries of `run.json` and returns all of them."""
    manifest = read_manifest(run) | changes
    write_atomic(run / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return manifest


@contextmanager
def opened(run: Path, identity: Identity | None = None, study_yaml: str = "") -> Iterator[Path]:
    """Holds the run against other commands, mends what an interruption left, and gives its folder.

    With an `identity` the folder is made, or taken up again; without one it must exist. A folder that this call made
    is removed again if the input turns out to be wrong before anything was fitted.
    """
    if identity is None:
        read_manifest(run)
    else:
        _refuse_foreign(run, identity)
    made = [folder for folder in (run, *run.parents) if not folder.exists()]
    run.mkdir(parents=True, exist_ok=True)
    try:
        with locked(run):
            sweep(run)
            if identity is not None:
                _begin(run, identity, study_yaml)
            discard_outdated(run)
            yield run
    except InputError:
        if run in made and not is_whole(run, "fit"):
            shutil.rmtree(run)
            for folder in made[1:]:
                folder.rmdir()
        raise


def perform(run: Path, stage: Stage) -> bool:
    """Does a stage unless it is done already; whether there was anything to do."""
    manifest = read_manifest(run)
    basis = {"study": manifest["study_hash"], "data": manifest["data_hash"], "code": code_version()}
    files = _hashes(run, stage.reads)
    before = manifest["stages"].get(stage.name, {})
    if before.get("basis") == basis and before.get("files") == files and is_whole(run, stage.name):
        return False
    if not stage.keeps:
        _undo(run, [stage.name])
    audit.record(run, "stage started", stage=stage.name)
    start = time.perf_counter()
    outputs = _hashes(run, [glob.escape(os.path.relpath(path, run)) for path in stage.work()])
    seconds = round(time.perf_counter() - start, 2)
    head = audit.record(run, "stage done", stage=stage.name, seconds=seconds, outputs=outputs)
    manifest = read_manifest(run)
    done = {"basis": basis, "reads": list(stage.reads), "files": files, "outputs": outputs, "keeps": stage.keeps}
    timings = manifest["seconds"] | {stage.name: seconds}
    amend(run, stages=manifest["stages"] | {stage.name: done}, seconds=timings, audit=head)
    for name in set(before.get("outputs", {})) - set(outputs):
        (run / name).unlink(missing_ok=True)
    _say_outdated(run)
    discard_outdated(run)
    return True


def is_whole(run: Path, stage: str) -> bool:
    """Whether a stage is marked done and every file it wrote is still what it was."""
    if not (run / MANIFEST).is_file():
        return False
    done = read_manifest(run)["stages"].get(stage, {})
    outputs = None if done.get("outdated") else done.get("outputs")
    return outputs is not None and _hashes(run, [glob.escape(name) for name in outputs]) == outputs


def discard_outdated(run: Path) -> list[str]:
    """Removes what stages made from files that have changed since, or marks it where it is kept; the stages' names."""
    stages = read_manifest(run)["stages"]
    current = {name: done for name, done in stages.items() if not done.get("outdated")}
    outdated = [name for name, done in current.items() if _hashes(run, done["reads"]) != done["files"]]
    if not outdated:
        return []
    _undo(run, outdated)
    for name in outdated:
        audit.record(run, "stage outdated", stage=name)
    return outdated + discard_outdated(run)


def _refuse_foreign(run: Path, identity: Identity) -> None:
    """Does not write among somebody else's files."""
    if run.exists() and not run.is_dir():
        raise InputError([f"{run} is a file: name a folder with --out"])
    if (run / MANIFEST).is_file():
        owner = read_manifest(run).get("study")
        if owner != identity.study:
            raise InputError(
                [f"{run} holds a run of the study {owner!r}, not of {identity.study!r}: name another folder with --out"]
            )
    elif run.is_dir() and any(
        path.name not in (LOCK, audit.NAME) and not path.name.startswith(TEMPORARY) for path in run.iterdir()
    ):
        raise InputError([f"{run} is not empty and not a run folder: name a new or an empty folder with --out"])


def _begin(run: Path, identity: Identity, study_yaml: str) -> None:
    """Writes the manifest of a new run; a folder that answered another question, or by other code, starts anew."""
    fixed = {"run_id": identity.run_id, **asdict(identity)}
    old = read_manifest(run) if (run / MANIFEST).is_file() else {"stages": {}}
    if any(old.get(name) != value for name, value in fixed.items()):
        _undo(run, old["stages"])
        kept = read_manifest(run)["stages"] if old["stages"] else {}
        head = audit.record(run, "run begun", **fixed)
        results: Manifest = {"seed": None, "device": None, "parent": None, "verdict": None, "reasons": []}
        fresh = fixed | {"versions": versions()} | results | {"seconds": {}, "stages": kept, "audit": head}
        write_atomic(run / MANIFEST, json.dumps(fresh, indent=2, ensure_ascii=False) + "\n")
    write_atomic(run / "study.yaml", study_yaml)


def _undo(run: Path, names: Iterable[str]) -> None:
    """Removes what stages made, then their marks: killed in between, a marked stage is not whole and is done again.

    What a stage keeps stays, marked as outdated.
    """
    if not (run / MANIFEST).is_file():
        return
    stages = read_manifest(run)["stages"]
    undone = set(names) & set(stages)
    for name in undone:
        if stages[name].get("keeps"):
            stages[name]["outdated"] = True
            continue
        for output in stages.pop(name)["outputs"]:
            (run / output).unlink(missing_ok=True)
    if undone:
        amend(run, stages=stages)
        _say_outdated(run)


def _say_outdated(run: Path) -> None:
    """Leaves a note to whoever opens the folder while it holds what was made from earlier inputs."""
    stages = read_manifest(run)["stages"]
    old = sorted(name for name, done in stages.items() if done.get("outdated"))
    if old:
        text = "made from inputs that have changed since, and kept until it is whole again"
        write_atomic(run / OUTDATED, "".join(f"{name}: {text}\n" for name in old))
    else:
        (run / OUTDATED).unlink(missing_ok=True)


def _hashes(run: Path, patterns: Sequence[str]) -> dict[str, str]:
    """SHA-256 by relative name of the files that are there."""
    found = sorted({path for pattern in patterns for path in run.glob(pattern) if path.is_file()})
    return {path.relative_to(run).as_posix(): digest(path) for path in found if not path.name.startswith(TEMPORARY)}
