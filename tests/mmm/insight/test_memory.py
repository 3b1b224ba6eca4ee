"""A fit is asked once; a fit that holds anything else is another fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr

from mmm.insight import contribution
from mmm.insight.contribution import effects
from mmm.insight.memory import KEPT, fingerprint, remembered

Handmade = Callable[..., xr.DataTree]

EXPOSURE = {"tv": [[0.0, 10.0, 0.0, 10.0]], "radio": [[5.0, 5.0, 5.0, 5.0]]}


class Answer(NamedTuple):
    coefficient: np.ndarray


@pytest.fixture
def fit(handmade: Handmade) -> xr.DataTree:
    return handmade(EXPOSURE, [0.3, 0.1])


def with_posterior(fit: xr.DataTree, **values: xr.DataArray) -> xr.DataTree:
    other = fit.copy()
    other["posterior"] = xr.DataTree(fit["posterior"].to_dataset().assign(values))
    return other


def test_a_fit_is_asked_once_and_a_changed_one_again(fit: xr.DataTree, handmade: Handmade) -> None:
    asked = []

    @remembered
    def question(fit: xr.DataTree) -> Answer:
        asked.append(fit)
        return Answer(fit["posterior/coefficient"].values.copy())

    answer = question(fit)
    assert question(fit) is answer
    assert question(fit.copy(deep=True)) is answer
    assert len(asked) == 1
    doubled = with_posterior(fit, coefficient=2 * fit["posterior/coefficient"])
    np.testing.assert_array_equal(question(doubled).coefficient, 2 * answer.coefficient)
    for _ in range(KEPT):
        question(fit)
        question(doubled)
    assert len(asked) == 2
    question(handmade(EXPOSURE, [0.3, 0.1], kpi=120.0))
    assert len(asked) == 3


def test_everything_an_answer_may_depend_on_is_in_the_fingerprint(fit: xr.DataTree, handmade: Handmade) -> None:
    others = [
        handmade(EXPOSURE, [0.3, 0.1], value=2.0),
        handmade(EXPOSURE, [0.3, 0.1], window_start="2024-01-08"),
        handmade(EXPOSURE, [0.3, 0.1], model={"max_lag": 1}),
        handmade({"tv": EXPOSURE["tv"], "print": EXPOSURE["radio"]}, [0.3, 0.1]),
        with_posterior(fit, adstock_retention=fit["posterior/adstock_retention"] + 0.1),
    ]
    assert len({fingerprint(tree) for tree in [fit, *others]}) == len(others) + 1
    assert fingerprint(handmade(EXPOSURE, [0.3, 0.1])) == fingerprint(fit)


def test_what_is_remembered_cannot_be_overwritten(fit: xr.DataTree) -> None:
    with pytest.raises(ValueError, match="read-only"):
        effects(fit).contribution[:] = 0.0
    found = contribution(fit)
    assert float((2 * found).sum()) == pytest.approx(2 * float(found.sum()))
