"""How is JAX set up? Once, before its first use, in one place.

- float64: a mix model subtracts large baselines from large sales, and float32 loses the channels in the difference.
- One host device a chain: independent chains in parallel beat vectorised ones on a CPU.
- A persistent compilation cache: the second fit of the same shape does not compile again.

`MMM_HOST_DEVICES` and `MMM_CACHE` (a folder, or `off`) override the defaults. Import this module before `jax` does
any work; every module of `mmm` that uses JAX does so through `mmm.media`, which imports it.
"""

from __future__ import annotations

import os
from pathlib import Path

import jax
import numpyro

HOST_DEVICES = int(os.environ.get("MMM_HOST_DEVICES", "4"))


def _cache_folder() -> Path | None:
    chosen = os.environ.get("MMM_CACHE", "")
    if chosen == "off":
        return None
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(chosen) if chosen else base / "mmm" / "xla"


def set_up() -> None:
    """Set precision, host devices and compile cache; calling it again changes nothing."""
    jax.config.update("jax_enable_x64", True)
    numpyro.set_host_device_count(HOST_DEVICES)
    folder = _cache_folder()
    if folder is not None:
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


set_up()
