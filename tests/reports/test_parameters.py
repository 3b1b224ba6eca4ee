"""A notebook that papermill gives a parameter it does not have says so, whoever started it."""

from pathlib import Path

import nbformat
import pytest

from mmm.errors import InputError
from notebooks import FOLDER
from reports.parameters import INJECTED, refuse_unknown

DECLARED = 'run = "."  # a run folder\norigins = 2'


def test_every_parameter_that_the_first_cell_does_not_declare_is_named_with_the_nearest_one() -> None:
    with pytest.raises(InputError) as error:
        refuse_unknown(["", DECLARED, f"{INJECTED}runn = 'x'\norigins = 1\nspeed = 3\n", "refuse_unknown(In)"])
    assert len(error.value.problems) == 2
    assert error.value.problems[0] == "there is no parameter 'runn': did you mean 'run'? known here: run, origins"


@pytest.mark.parametrize(
    "cells",
    [
        [DECLARED, f"{INJECTED}run = 'x'\n", "refuse_unknown(In)"],
        ["draws, warmup = 500, 500", f"{INJECTED}warmup = 100\n", "refuse_unknown(In)"],
        [DECLARED, "refuse_unknown(In)"],
        ["refuse_unknown(In)"],
        [DECLARED, "other = 1", "refuse_unknown(In)"],
    ],
    ids=["known", "several at once", "none given", "run by hand", "an analyst's own cell"],
)
def test_what_is_declared_or_typed_by_hand_is_no_unknown_parameter(cells: list[str]) -> None:
    refuse_unknown(["", *cells])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_notebook_looks_at_its_parameters_before_anything_else(path: Path) -> None:
    first, second, *_ = (cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    assert "parameters" in first.metadata["tags"]
    statements = [line for line in second.source.split("\n") if line and line[0].isalpha()]
    assert next(line for line in statements if not line.startswith(("from ", "import "))) == "refuse_unknown(In)"
