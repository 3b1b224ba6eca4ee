"""Which messages does the code say, and which of them does a catalogue lack?

    python -m reports.messages fr       # adds what is missing to the catalogue, drops what is gone, and says how many

Found by reading the source: the templates of `say`, `word`, `message` and `plural` wherever they are called, every text
of the chapters of `reports.facts`, and the sentences that `mmm` and `causal` write into a run's tables (context
`run`), whose values become numbered placeholders: `{0}: R-hat {1} is over {2}`.
"""

from __future__ import annotations

import ast
import datetime as dt
import string
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmm.retelling import TERMS
from mmm.speech import CATALOGUES, WRITTEN

Key = tuple[str | None, str | tuple[str, str]]
"""A message's context and text, or its texts for one and several."""

ROOT = Path(__file__).parent.parent
SPEAKERS = ("mmm/plots", "mmm/data/review_page.py", "reports")
PROSE = ("reports/facts", "reports/pages.py", "mmm/plots/describe.py")
"""Where every text is a message unless it is a key, a comparison or a name in lower case."""

WRITERS = (
    "mmm/data/checks.py",
    "mmm/insight/check.py",
    "mmm/insight/residual.py",
    "mmm/insight/identify.py",
    "mmm/watch/backtest.py",
    "causal/evidence.py",
    "causal/conflict.py",
    "causal/experiment.py",
    "causal/gates.py",
    "causal/robustness.py",
    "causal/registry.py",
    "causal/verdict.py",
    "mmm/plan/bounds.py",
)
CALLS = {"say": 1, "word": 0, "message": 0, "translated": 0}
"""The functions that say a message, and the place of the template among their arguments."""

HEADER: dict[str, Any] = {
    "project": "mmm",
    "version": "",
    "header_comment": "# What figures and documents say. See mmm/speech.py.",
    "creation_date": dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
    "revision_date": dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
    "msgid_bugs_address": "",
    "last_translator": "",
    "language_team": "",
}

SENTENCE = 3
"""A text with at least so many spaces is a sentence that a table holds ..."""

SPOKEN = frozenset(string.ascii_uppercase + ".:{")
"""... if it has one of these: a list of dimensions and a check's name have none."""


def messages() -> set[Key]:
    """Every message of the code."""
    found: set[Key] = {(WRITTEN, term) for term in TERMS}
    for path in _files(SPEAKERS):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= set(_said(tree))
        if path.relative_to(ROOT).as_posix().startswith(PROSE):
            found |= {(None, text) for text in _texts(tree) if _is_prose(text)}
    plurals = {text for _, key in found if isinstance(key, tuple) for text in key}
    found = {key for key in found if key[1] not in plurals}
    for path in _files(WRITERS):
        found |= {(WRITTEN, text) for text in _sentences(ast.parse(path.read_text(encoding="utf-8")))}
    return found


def _files(places: tuple[str, ...]) -> Iterator[Path]:
    for place in places:
        path = ROOT / place
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _said(tree: ast.AST) -> Iterator[Key]:
    """The literal templates of calls."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "plural" and len(node.args) == 3:
            one, many = (arg.value for arg in node.args[1:] if isinstance(arg, ast.Constant))
            yield None, (str(one), str(many))
        elif name in CALLS and len(node.args) > CALLS[name]:
            for text in _literals(node.args[CALLS[name]]):
                yield None, text


def _literals(node: ast.AST) -> Iterator[str]:
    """A literal template, or both branches of a choice between two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _says(node.value):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def _outside(template: str) -> str:
    """What a template says itself."""
    text = ""
    depth = 0
    for char in template:
        depth += (char == "{") - (char == "}")
        text += char if not depth and char not in "{}" else ""
    return text


def _says(template: str) -> bool:
    """Whether a template has words of its own, or punctuation that languages space differently."""
    said = _outside(template)
    return any(char.isalpha() for char in said) or ("{" in template and bool(set(said) & set(",:;")))


def _texts(tree: ast.AST) -> Iterator[str]:
    """Every string constant that is neither a docstring, a key, an index nor compared with."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            passed.add(id(node.value))
        elif isinstance(node, ast.Dict):
            passed |= {id(key) for key in node.keys}
        elif isinstance(node, ast.Compare):
            passed |= {id(part) for side in [node.left, *node.comparators] for part in ast.walk(side)}
        elif isinstance(node, ast.Subscript):
            passed |= {id(part) for part in ast.walk(node.slice)}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get":
            passed |= {id(part) for part in node.args}
        elif isinstance(node, ast.JoinedStr):
            passed |= {id(part) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            yield node.value


def _is_prose(text: str) -> bool:
    said = _outside(text)
    return _says(text) and (" " in said.strip() or said[:1].isupper() or "{" in text)


def _sentences(tree: ast.AST) -> Iterator[str]:
    """The sentences of a module that writes tables, as templates with numbered placeholders."""
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    skipped |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.Raise) for part in ast.walk(node)}
    skipped |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        text = ""
        if isinstance(node, ast.JoinedStr):
            places = iter(range(len(node.values)))
            parts = [part.value if isinstance(part, ast.Constant) else f"{{{next(places)}}}" for part in node.values]
            text = "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        if _outside(text).count(" ") >= SENTENCE and set(text) & SPOKEN:
            yield text


def update(language: str) -> list[Key]:
    """Brings a catalogue to what the code says, and returns what is not translated."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    path = CATALOGUES / language / "LC_MESSAGES" / "mmm.po"
    known = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=language)
    made = Catalog(locale=language, fuzzy=False, **HEADER)
    for context, text in sorted(messages(), key=str):
        entry = known.get(text, context=context)
        made.add(text, entry.string if entry else None, context=context).flags.clear()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, made, omit_header=False, width=110)
    return [(entry.context, entry.id) for entry in made if entry.id and not _complete(entry.string)]  # type: ignore[misc]


def _complete(translation: Any) -> bool:
    return bool(translation) and (isinstance(translation, str) or all(translation))


if __name__ == "__main__":
    for named in sys.argv[1:]:
        lacking = update(named)
        print(f"{named}: {len(lacking)} messages are not translated")
