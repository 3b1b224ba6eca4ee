"""Are two panels the same data? A SHA-256 over their content, whatever file format or row order they came in."""

from __future__ import annotations

import hashlib

import numpy as np
import xarray as xr


def data_hash(panel: xr.Dataset) -> str:
    """SHA-256 of names, labels and float64 values of `panel`, in sorted order of the names."""
    digest = hashlib.sha256()
    for name in sorted(map(str, panel.variables)):
        variable = panel.variables[name]
        digest.update(f"{name}{variable.dims}{variable.shape}".encode())
        if variable.dtype.kind in "fiub":
            digest.update(np.ascontiguousarray(variable.values, dtype="<f8").tobytes())
        else:
            digest.update("\x1f".join(str(value) for value in variable.values.ravel()).encode())
    return digest.hexdigest()
