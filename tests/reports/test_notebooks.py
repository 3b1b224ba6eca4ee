"""Notebooks are executed with allowed parameters only, and a failed one is left, marked."""

import os
from pathlib import Path

import nbformat
import pytest

from mmm.errors import InputError
from reports import notebooks


def notebook(folder: Path, name: str, *cells: str) -> None:
    """A parameterised notebook whose first cell declares `run`."""
    first = nbformat.v4.new_code_cell('run = "."', metadata={"tags": ["parameters"]})
    book = nbformat.v4.new_notebook(cells=[first, *map(nbformat.v4.new_code_cell, cells)])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, folder / f"{name}.ipynb")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    monkeypatch.setattr(notebooks, "FOLDER", folder)
    return folder


def test_the_executed_copy_lies_in_the_run_folder_and_knows_its_run(library: Path, run: Path) -> None:
    notebook(
        library, "essay", "from pathlib import Path\nprint((Path(run) / 'run.json').exists(), Path.cwd() == Path(run))"
    )
    path = notebooks.execute("essay", run)
    assert path == run / "report" / "notebooks" / "essay.ipynb"
    executed = nbformat.read(path, as_version=4)
    assert executed.cells[-1].outputs[0].text == "True True\n"


def test_notebooks_are_executed_at_once_and_leave_the_process_as_it_was(library: Path, run: Path) -> None:
    before = Path.cwd(), os.environ.get("PYTHONPATH")
    for name in ("one", "two"):
        notebook(library, name, f"from pathlib import Path\nprint('{name}', Path.cwd() == Path(run))")
    paths = notebooks.execute_all(["one", "two"], run, run / "report")
    printed = [nbformat.read(path, as_version=4).cells[-1].outputs[0].text for path in paths]
    assert printed == ["one True\n", "two True\n"]
    assert (Path.cwd(), os.environ.get("PYTHONPATH")) == before


def test_a_failed_cell_fails_and_leaves_the_marked_notebook(library: Path, run: Path) -> None:
    notebook(library, "essay", "pass")
    good = notebooks.execute("essay", run)
    before = good.read_bytes()
    notebook(library, "essay", "1 / 0")
    with pytest.raises(notebooks.NotebookFailed, match="ZeroDivisionError") as error:
        notebooks.execute("essay", run)
    assert "report/failed/essay.ipynb" in str(error.value)
    left = nbformat.read(run / "report" / "failed" / "essay.ipynb", as_version=4)
    assert good.read_bytes() == before
    assert any(output.output_type == "error" for cell in left.cells for output in cell.get("outputs", []))
    assert not list((run / "report").rglob(".tmp-*"))
    notebook(library, "essay", "pass")
    notebooks.execute("essay", run)
    assert not (run / "report" / "failed" / "essay.ipynb").exists()


@pytest.mark.parametrize("name", ["speed", "run\nimport os; os.system('true')#"])
def test_an_unknown_parameter_is_an_error(library: Path, run: Path, name: str) -> None:
    notebook(library, "essay", "pass")
    with pytest.raises(InputError, match="has no parameter"):
        notebooks.execute("essay", run, {name: "1"})
    assert not (run / "report" / "notebooks").exists()


def test_a_notebook_that_does_not_declare_its_run_is_an_error(library: Path, run: Path) -> None:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("pass")]), library / "essay.ipynb")
    with pytest.raises(InputError, match="'run'"):
        notebooks.execute("essay", run)


def test_an_unknown_notebook_is_named_with_those_there_are(library: Path, run: Path) -> None:
    notebook(library, "essay", "pass")
    with pytest.raises(InputError, match="no notebook 'novel'; there are essay"):
        notebooks.execute("novel", run)


def test_the_notebooks_of_the_report_travel_with_the_package() -> None:
    assert all((notebooks.FOLDER / f"{name}.ipynb").is_file() for name in notebooks.REPORTED)
