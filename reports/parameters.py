"""Was a notebook given a parameter that it does not have?

Papermill writes what it is given as a cell of its own behind the notebook's parameters, whether the notebook declares
it or not, so that a misspelt name would change nothing. Each notebook therefore begins with

    refuse_unknown(In)          # IPython's list of the cells that were executed
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from mmm.errors import InputError, closest

INJECTED = "# Parameters\n"
"""How the cell begins that papermill adds."""


def refuse_unknown(executed: Sequence[str]) -> None:
    """Raises `InputError` that lists every parameter given that the first cell does not declare.

    `executed` are the cells executed so far: an empty text, the notebook's parameters, and what papermill added.
    """
    if len(executed) < 3 or not executed[2].startswith(INJECTED):
        return
    declared = _assigned(executed[1])
    unknown = [name for name in _assigned(executed[2]) if name not in declared]
    if unknown:
        raise InputError([f"there is no parameter {name!r}: {closest(name, declared)}" for name in unknown])


def _assigned(cell: str) -> list[str]:
    """The names that a cell sets, one by one or several at once."""
    names = [node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Name)]
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]
