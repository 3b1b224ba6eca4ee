"""How are notebooks executed so that a run can be audited?

Papermill runs a parameterised notebook of the package on a fresh kernel, in the run folder, and leaves the executed
copy in `run/report/notebooks/`. Parameter names become code, so only those of `ALLOWED` that the notebook itself
declares are passed; anything else is an error. A failed cell fails the command and leaves the notebook in
`run/report/failed/`, marked where it failed; an earlier copy that succeeded stays as it is.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, chdir, contextmanager
from pathlib import Path
from types import ModuleType

from mmm.errors import InputError
from mmm.files import replacing, write_atomic
from mmm.run import read_manifest
from notebooks import FOLDER
from reports.figures import REPORT

ALLOWED = frozenset({"run", "against"})
REPORTED = ("board_report", "budget_scenarios")
"""The notebooks that every report executes; they draw the documents' figures."""


class NotebookFailed(RuntimeError):
    """A cell of a notebook raised; the executed copy is marked where."""


def execute(name: str, run: Path, parameters: Mapping[str, str] | None = None, report: Path | None = None) -> Path:
    """Executes the package's notebook `name` on `run` and returns the executed copy, in `report` or the run's own."""
    papermill = _papermill()
    given = {"run": str(run.resolve())} | dict(parameters or {})
    source = FOLDER / f"{name}.ipynb"
    _check(name, source, given)
    target = (report or run / "report") / "notebooks" / source.name
    marked = run / "report" / "failed" / source.name
    with replacing(target) as temporary, _importable():
        try:
            papermill.execute_notebook(
                source,
                temporary,
                parameters=given,
                cwd=str(run),
                progress_bar=False,
                kernel_name="python3",
                extra_arguments=["--IPKernelApp.log_level=ERROR"],
                shutdown_kernel="immediate",  # else it is interrupted first, and complains
            )
        except papermill.PapermillExecutionError as error:
            write_atomic(marked, temporary.read_bytes())
            raise NotebookFailed(
                f"notebook {name} failed in cell {error.exec_count}: {error.ename}: {error.evalue}. "
                f"The executed copy {marked.relative_to(run).as_posix()} in the run folder is marked where."
            ) from error
    marked.unlink(missing_ok=True)
    return target


def copy(name: str, run: Path, target: Path) -> Path:
    """Writes a copy of the notebook `name` that looks at `run`, to work on; an existing file is left alone."""
    import nbformat

    source = FOLDER / f"{name}.ipynb"
    _check(name, source, {"run": str(run)})
    read_manifest(run)
    if target.exists():
        raise InputError([f"{target} exists already: name another file with --out, or remove it"])
    book = nbformat.read(source, as_version=4)
    cell = next(cell for cell in book.cells if "parameters" in cell.metadata.get("tags", []))
    lines = cell.source.split("\n")
    cell.source = "\n".join(f"run = {str(run.resolve())!r}" if line.startswith("run =") else line for line in lines)
    return write_atomic(target, nbformat.writes(book) + "\n")


def execute_all(names: Sequence[str], run: Path, report: Path) -> list[Path]:
    """Executes several notebooks at once, each on a kernel of its own, and returns the copies in the order of `names`.

    Copies and figures go to the folder `report` of the run. Where one fails the others still finish; the first failure
    is raised then.
    """
    run, report = run.absolute(), report.absolute()
    _papermill()  # before threads race for it
    # Papermill changes the process's folder and environment for each notebook: threads may only change them to what
    # they are already.
    with chdir(run), _importable(), _set(REPORT, report.name), ThreadPoolExecutor(max(len(names), 1)) as pool:
        return [started.result() for started in [pool.submit(_on_a_thread, name, run, report) for name in names]]


def _on_a_thread(name: str, run: Path, report: Path) -> Path:
    """`execute`, and Jupyter's event loop of this thread closed afterwards, which Jupyter leaves to us."""
    from jupyter_core.utils import ensure_event_loop

    try:
        return execute(name, run, report=report)
    finally:
        ensure_event_loop().close()


def _check(name: str, source: Path, parameters: Mapping[str, str]) -> None:
    """Refuses an unknown notebook, and parameters that are not allowed or not declared."""
    if not source.exists():
        there = ", ".join(sorted(path.stem for path in FOLDER.glob("*.ipynb")))
        raise InputError([f"there is no notebook {name!r}; there are {there}"])
    refused = sorted(set(parameters) - (ALLOWED & set(_papermill().inspect_notebook(source))))
    if refused:
        allowed = ", ".join(sorted(ALLOWED))
        raise InputError(
            [f"notebook {name} has no parameter {parameter!r}; it may be given {allowed}" for parameter in refused]
        )


@functools.cache
def _papermill() -> ModuleType:
    """Papermill in half the time: jsonschema below it would first build a grammar of addresses that no notebook has."""
    grammar = "rfc3987_syntax"
    sys.modules.setdefault(grammar, None)  # type: ignore[arg-type]  # None says that it cannot be imported
    try:
        import papermill
    finally:
        if sys.modules[grammar] is None:
            del sys.modules[grammar]
    return papermill


def _importable() -> AbstractContextManager[None]:
    """Lets a kernel import the packages from where this process has them, installed or not."""
    before = os.environ.get("PYTHONPATH")
    return _set("PYTHONPATH", os.pathsep.join([str(FOLDER.parent), *([before] if before else [])]))


@contextmanager
def _set(name: str, value: str) -> Iterator[None]:
    """An environment variable for the time of the block: kernels inherit it."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
