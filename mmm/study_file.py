"""How does `study.yaml` become a plain mapping, with the line of every key, and how do its faults become sentences?

YAML is read strictly. PyYAML's own loader keeps the last of two equal keys, turns a column called `on` into `True` and
runs `!!python/object`; here a repeated key and any tag of a program are problems, and every key stays the text that
was written. `explain` turns pydantic's errors into letters: the place, the line, what is wrong, the remedy.

To explain one more kind of pydantic error, add its type to `SENTENCES`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mmm.errors import closest
from mmm.textfile import decode, text_problem

Place = tuple[str | int, ...]

PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")
)
NAMELESS = ("missing", "string_type")
STAND_INS = {"currency": "XXX"}
"""What takes the place of a required entry that is no free text, so that the rest can be checked."""

OTHER_BRANCH = ("string_type", "literal_error", "float_type", "tuple_type", "model_type")

MOST_NODES = 20_000
DEEPEST = 50

SENTENCES = {
    "string_type": "must be text; put it in quotes if it is a name",
    "dict_type": "must hold keys of its own, such as `name: value`",
    "model_type": "must hold keys of its own, such as `name: value`",
    "tuple_type": "must be a list, such as [a, b]",
    "missing_argument": "is missing",
    "date_type": "must be a date such as 2026-01-05",
    "date_from_datetime_parsing": "must be a date such as 2026-01-05",
    "date_parsing": "must be a date such as 2026-01-05",
}


@dataclass(frozen=True)
class Document:
    """A study as it was written: plain values, the line of each key, and what was wrong with the YAML itself."""

    tree: dict[str, Any]
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def where(self, place: Place) -> str:
        """`data.kpi.column (line 7)`: a place as the reader of the file finds it."""
        line = next((self.lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self.lines), None)
        path = ".".join(str(key) for key in place) or "the study"
        return f"{path} (line {line})" if line else path


def read_document(path: Path) -> Document:
    """The mapping inside a YAML file; a file that holds none comes back empty, with the problems that say why."""
    problem = text_problem(path)
    if problem:
        return Document({}, problems=[f"{path.name} {problem}"])
    text, problem = decode(path.read_bytes())
    if problem:
        return Document({}, problems=[f"{path.name} {problem}"])
    return parse_document(text)


def parse_document(text: str) -> Document:
    """As `read_document`, from the text itself."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        return Document({}, problems=[_syntax(error)])
    if not isinstance(node, yaml.MappingNode):
        return Document({}, problems=["the file holds no keys: start it with `study: name` and a `data:` section"])
    lines: dict[Place, int] = {}
    problems = list(_faults(node, (), lines, [0]))
    return Document({} if problems else _value(node), lines, problems)


def _syntax(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f"line {mark.line + 1}: " if mark else ""
    said = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{line}this is not YAML ({said}): check the indentation, the colons and the quotes there"


def _faults(node: yaml.Node, place: Place, lines: dict[Place, int], seen: list[int]) -> Iterator[str]:
    """Every unsafe tag, repeated key and impossible value below `node`; fills `lines` on the way."""
    line = node.start_mark.line + 1
    lines.setdefault(place, line)
    seen[0] += 1
    if seen[0] > MOST_NODES or len(place) > DEEPEST:
        if seen[0] <= MOST_NODES or seen[0] == MOST_NODES + 1:
            yield f"line {line}: the study refers to itself or is far too large: write its values out, without anchors"
        return
    if node.tag not in PLAIN_TAGS:
        yield (
            f"line {line}: the tag {node.tag.replace('tag:yaml.org,2002:', '!!')} is not allowed: write a "
            "plain value, list or mapping"
        )
    elif isinstance(node, yaml.MappingNode):
        yield from _mapping_faults(node, place, lines, seen)
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield from _faults(item, (*place, i), lines, seen)
    else:
        try:
            _value(node)
        except ValueError as error:
            yield f"line {line}: {node.value!r} is not possible ({error}): correct it, or put it in quotes"


def _mapping_faults(node: yaml.MappingNode, place: Place, lines: dict[Place, int], seen: list[int]) -> Iterator[str]:
    first: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            yield f"line {line}: a key must be plain text"
            continue
        if key.value in first:
            yield f"line {line}: the key {key.value!r} stands already on line {first[key.value]}: keep one of the two"
            continue
        first[key.value] = line
        lines[(*place, key.value)] = line
        yield from _faults(value, (*place, key.value), lines, seen)


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _value(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return yaml.SafeLoader("").construct_object(node)


def validate[M: BaseModel](model: type[M], document: Document, given: dict[str, Any]) -> tuple[M | None, list[str]]:
    """Validate, set aside what is wrong, validate again: one fault must not hide the next.

    `given` are fields that do not come from the file. Returns the model without its faulty entries, or `None` where it
    cannot stand without them, and every problem.
    """
    tree = copy.deepcopy(document.tree) | given
    problems: list[str] = []
    mended: set[tuple[Place, str]] = set()
    complete = True
    while True:
        try:
            found = model.model_validate(tree)
            return (found if complete else None), problems
        except ValidationError as error:
            faults = [(*explain(dict(fault), document, model), fault["type"]) for fault in _relevant(error, model)]
        old = {place for place, _ in mended}
        for place, sentences, _ in faults:
            if not place or not any(_related(place, known) for known in old):
                problems += [sentence for sentence in sentences if sentence not in problems]
                old |= {place} if place else set()
        steps = {(place, kind) for place, _, kind in faults}
        complete &= all(kind not in NAMELESS for _, kind in steps)
        possible = [_mend(tree, place, kind, model) for place, kind in steps]
        if steps <= mended or not all(possible):
            return None, problems
        mended |= steps


def _related(place: Place, other: Place) -> bool:
    """Whether one of two places contains the other: what was said of one need not be said again of the other."""
    shared = min(len(place), len(other))
    return place[:shared] == other[:shared]


def _relevant(error: ValidationError, model: type[BaseModel]) -> Iterator[ErrorDetails]:
    """The faults without those of a union's branches that a mapping or a list was never meant for."""
    for fault in error.errors(include_url=False):
        nested = isinstance(fault["input"], dict | list)
        if not (nested and fault["type"] in OTHER_BRANCH and _in_union(fault["loc"], model)):
            yield fault


def _mend(tree: dict[str, Any], place: Place, kind: str, model: type[BaseModel]) -> bool:
    """Take the faulty entry at `place` out of `tree`, or put a name where one is missing; whether that was possible."""
    steps = place[: next((i for i, step in enumerate(place) if isinstance(step, int)), len(place))]
    here: Any = tree
    for step in steps[:-1]:
        here = here.get(step) if isinstance(here, dict) else None
    if not steps or not isinstance(here, dict):
        return False
    if kind in NAMELESS:
        here[steps[-1]] = STAND_INS.get(str(steps[-1]), "missing." + ".".join(map(str, place)))
        return True
    section = model_at(model, place)
    if kind == "value_error" and section and isinstance(here.get(steps[-1]), dict):
        for key, info in section.model_fields.items():
            if not info.is_required():
                here[steps[-1]].pop(key, None)
        return True
    return here.pop(steps[-1], here) is not here


def explain(error: dict[str, Any], document: Document, model: type[BaseModel]) -> tuple[Place, list[str]]:
    """One pydantic error as the place in the file it belongs to, and one sentence or more with the remedy."""
    kind = error["type"]
    place = _place(error["loc"], document.tree, kind)
    parent = model_at(model, place[:-1])
    if kind == "extra_forbidden":
        allowed = _keys(parent) if parent else []
        return place, [f"{document.where(place)}: unknown key {place[-1]!r}: {closest(str(place[-1]), allowed)}"]
    if kind == "missing":
        help_text = " ".join((parent.__doc__ or "").split("\n\n")[0].split()) if parent else ""
        return place, [f"{document.where(place)} is missing: add it. {help_text}"]
    if kind == "value_error":
        said = str(error["ctx"]["error"]).split("\n")
        at = f"{document.where(place)}: " if place else ""
        return place, [f"{at}{sentence}" for sentence in said]
    text = SENTENCES.get(kind, error["msg"].replace("Input should be", "must be").replace("valid ", ""))
    return place, [f"{document.where(place)} is {_shown(error['input'])}: it {text}"]


def _in_union(loc: tuple[str | int, ...], model: type[BaseModel]) -> bool:
    """Whether the last step of `loc` is pydantic's name for a branch that a mapping does not belong to."""
    if "[" in str(loc[-1]):
        return True
    return model_at(model, tuple(loc[:-1])) is not None and model_at(model, tuple(loc)) is None


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, dict) else "a mapping"
    return text if len(text) <= 60 else text[:57] + "..."


def _place(loc: tuple[str | int, ...], tree: Any, kind: str) -> Place:
    """`loc` without the names pydantic gives to the branches of a union, which are no keys of the file."""
    place: list[str | int] = []
    here = tree
    for i, step in enumerate(loc):
        inside = (isinstance(here, dict) and step in here) or (isinstance(here, list | tuple) and isinstance(step, int))
        if inside:
            here = here[step] if not isinstance(step, int) or step < len(here) else None
            place.append(step)
        elif kind == "missing" and i == len(loc) - 1:
            place.append(step)
    return tuple(place)


def _keys(model: type[BaseModel]) -> list[str]:
    return [name for name, info in model.model_fields.items() if not info.exclude]


def model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    """The pydantic model that stands at `place`, found along the annotations."""
    here: type[BaseModel] | None = model
    inside_dict: Any = None
    for step in place:
        if inside_dict is not None:
            here, inside_dict = inside_dict, None
            continue
        if here is None or str(step) not in here.model_fields:
            return None
        found = list(_models(here.model_fields[str(step)].annotation))
        holds_many = any(word in str(here.model_fields[str(step)].annotation) for word in ("dict[", "tuple["))
        here = found[0] if found else None
        if holds_many:
            inside_dict, here = here, None
    return here


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
