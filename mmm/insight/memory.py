"""How is a fit not asked the same thing twice? Answers over all draws are remembered by what the fit holds.

    @remembered
    def effects(fit): ...

ROI, contribution, checks and verdicts all rest on the same sums over all draws. They are computed once a process for
panel, experiments, posterior and study of the same content, wherever these came from: a fit that was changed is another
fit. What is remembered cannot be written to.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps

import numpy as np
import xarray as xr

KEPT = 2
"""Answers kept of each question: a fit beside its prior, or beside the fit it is compared with."""


def remembered[Answer: tuple[np.ndarray, ...]](
    question: Callable[[xr.DataTree], Answer],
) -> Callable[[xr.DataTree], Answer]:
    """`question`, asked once of a fit; its answer is a tuple of arrays."""
    answers: OrderedDict[str, Answer] = OrderedDict()

    @wraps(question)
    def asked(fit: xr.DataTree) -> Answer:
        key = fingerprint(fit)
        if key not in answers:
            answer = question(fit)
            for values in answer:
                values.flags.writeable = False
            answers[key] = answer
            if len(answers) > KEPT:
                answers.popitem(last=False)
        answers.move_to_end(key)
        return answers[key]

    return asked


def fingerprint(fit: xr.DataTree) -> str:
    """A hash of all that an answer depends on: values and names of panel, experiments and posterior, and attributes."""
    found = hashlib.blake2b(repr(sorted((name, str(value)) for name, value in fit.attrs.items())).encode())
    for group in ("panel", "lift", "posterior"):
        if group in fit.children:
            for name, values in sorted(fit[group].to_dataset().variables.items(), key=lambda item: str(item[0])):
                found.update(f"{group}/{name}{values.dims}{values.shape}{values.dtype}".encode())
                exact = values.dtype.kind in "biufM"
                found.update(values.values.tobytes() if exact else repr(values.values.tolist()).encode())
    return found.hexdigest()
