"""How does a panel become a fit? The sampling shell: build, draw, recover what was integrated out, label, save.

    fit = mmm.fit(panel, study)       # the panel's tree with /posterior and /sample_stats added

The posterior holds parameters only. Contributions by time are recomputed from them in milliseconds (`mmm.insight`),
which is the difference between a fit of gigabytes and one of megabytes.
"""

from __future__ import annotations

import json
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array
from threadpoolctl import threadpool_limits

from mmm.data.lift import read_lift
from mmm.data.panel import SCHEMA_VERSION
from mmm.files import replacing
from mmm.model.block import Block, column_scales
from mmm.model.calibrate import from_dataset, to_dataset, with_experiments
from mmm.model.collapse import Noise, draw_coefficients
from mmm.model.core import media_effect, response
from mmm.model.likelihood import coefficient_of, component_parameters, design_mean
from mmm.model.sample import Draws, Progress, draw_posterior
from mmm.model.spec import Arrays, Structure, build, for_sampling
from mmm.study import Study

QUICK = {"warmup": 300, "draws": 250}
"""What `mode: quick` samples: enough to iterate on a model, too little to report from; the verdict says so."""
WORKING_SET = 2**25
"""Bytes of exposure, lags included, that all draws which are computed together may ask for."""


class Model(NamedTuple):
    """A fit's model, rebuilt: what is compiled in, what is passed in, and the labelled baseline."""

    structure: Structure
    arrays: Arrays
    blocks: tuple[Block, ...]


def fit(panel: xr.DataTree, study: Study | None = None, *, progress: Progress | None = None) -> xr.DataTree:
    """The posterior of `study`'s model on `panel`, as a tree that ArviZ reads as it is.

    `study` defaults to the one the panel was loaded with. `progress(stage, done, total)` is called while it samples.
    The same seed gives
    the same draws on the same machine.
    """
    study = study or study_of(panel)
    started = time.perf_counter()
    tree = with_lift(panel, study)
    model = model_of(tree, study)
    warmup, draws = (
        (QUICK["warmup"], QUICK["draws"]) if study.fit.mode == "quick" else (study.fit.warmup, study.fit.draws)
    )
    with threadpool_limits(1, user_api="blas"):  # its threads wait by spinning, and starve the chains beside them
        seed, chains = study.fit.seed, study.fit.chains
        arrays = for_sampling(model.arrays)
        sampled = draw_posterior(model.structure, arrays, seed, chains, warmup, draws, progress)
        tree = with_draws(tree, study, model, sampled)
    tree.attrs["seconds"] = round(time.perf_counter() - started, 1)
    return tree


def with_draws(tree: xr.DataTree, study: Study, model: Model, sampled: Draws) -> xr.DataTree:
    """The fit that `sampled` makes of the panel's `tree`, whoever drew them: what was integrated out is drawn, all of
    it labelled and signed."""
    tree["posterior"] = xr.DataTree(labelled_draws(model, sampled, study.fit.seed))
    tree["sample_stats"] = xr.DataTree(_sample_stats(sampled))
    tree.attrs |= {
        "study": json.dumps(study.canonical()),
        "schema_version": SCHEMA_VERSION,
        "seed": study.fit.seed,
        "device": jax.local_devices()[0].platform,
        "versions": json.dumps({name: version(name) for name in ("jax", "numpyro", "arviz", "xarray", "numpy")}),
    }
    return tree


def with_lift(panel: xr.DataTree, study: Study) -> xr.DataTree:
    """A copy of `panel` with the study's experiments in `/lift`, where it names any."""
    tree = panel.copy()
    if study.experiments and "lift" not in tree.children:
        tree["lift"] = xr.DataTree(to_dataset(read_lift(study.resolve(study.experiments), panel)))
    return tree


def save_fit(fit: xr.DataTree, path: Path | str) -> None:
    """Write the fit as one NetCDF file, whole or not at all; draws are kept in single precision."""
    path = Path(path)
    encoding = {
        f"/{group}": {
            name: {"dtype": "float32", "zlib": True, "complevel": 1}
            for name, values in fit[group].data_vars.items()
            if values.dtype == float
        }
        for group in ("posterior", "sample_stats")
    }
    with replacing(path) as temporary:
        fit.to_netcdf(temporary, engine="h5netcdf", encoding=encoding)


def load_fit(path: Path | str) -> xr.DataTree:
    """Read what `save_fit` wrote, into memory."""
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        return tree.load()


def study_of(tree: xr.DataTree) -> Study:
    """The study a panel or a fit was made from."""
    return Study.model_validate_json(tree.attrs["study"])


def model_of(tree: xr.DataTree, study: Study | None = None) -> Model:
    """The structure, arrays and baseline blocks of a panel or a fit."""
    structure, arrays, blocks = build(panel_of(tree), study or study_of(tree))
    if "lift" in tree.children:
        table = from_dataset(tree["lift"].to_dataset())
        structure, arrays = with_experiments(structure, arrays, table, panel_of(tree))
    return Model(structure, arrays, blocks)


def panel_of(tree: xr.DataTree) -> xr.Dataset:
    """The panel of a tree, with the tree's attributes."""
    return tree["panel"].to_dataset().assign_attrs(tree.attrs)


def draws_at_once(given: Any, draws: int) -> int:
    """How many of `draws` are computed together, given arrays of this size: many of a small panel, few of a large one.

    All batches are of a size where that is possible: a smaller last one is compiled as a program of its own.
    """
    largest = max((leaf.nbytes for leaf in jax.tree.leaves(given)), default=1)
    most = min(int(np.clip(WORKING_SET // max(largest, 1), 4, 256)), draws)
    even = next(size for size in range(most, 0, -1) if draws % size == 0)
    return even if 2 * even > most else most


def labelled_draws(model: Model, sampled: Draws, seed: int) -> xr.Dataset:
    """Sampled parameters as the public variables of `/posterior`, with what was integrated out drawn again."""
    structure, arrays, blocks = model
    chains, draws = sampled.diverging.shape
    flat = {name: values.reshape(chains * draws, *values.shape[2:]) for name, values in sampled.values.items()}
    keys = jax.random.split(jax.random.key(seed + 1), chains * draws)
    recovered = _recovered(structure, draws_at_once(arrays, chains * draws), arrays, keys, flat)
    noise = {"sigma", "shock", "degrees_of_freedom", "concentration"}
    scales = ("scale_", "decay_", "lengthscale_")
    kept = {name: values for name, values in flat.items() if name in {*noise, "roi_spread"} or name.startswith(scales)}
    return _labelled(
        structure,
        blocks,
        {name: np.asarray(v).reshape(chains, draws, *v.shape[1:]) for name, v in (recovered | kept).items()},
    )


@partial(jax.jit, static_argnums=(0, 1))
def _recovered(structure: Structure, batch: int, arrays: Arrays, keys: Array, draws: dict[str, Array]) -> Any:
    """Parameters by channel, coefficients and the baseline of every draw, the last from its exact conditional."""

    def one(inputs: tuple[Array, dict[str, Array]]) -> dict[str, Array]:
        key, draw = inputs
        parameters = component_parameters(structure, draw)
        coefficient = coefficient_of(structure, arrays, draw)
        sd = column_scales(structure.blocks, draw) * arrays.design.sd
        if "baseline_offset" in draw:
            baseline = design_mean(structure, arrays) + sd * draw["baseline_offset"]
        else:
            media = media_effect(coefficient, response(structure, arrays, parameters))
            baseline = draw_coefficients(key, arrays, arrays.kpi - media, sd, Noise(draw["sigma"], draw.get("shock")))
        return parameters | {"coefficient": coefficient, "baseline_coefficient": baseline}

    return jax.lax.map(one, (keys, draws), batch_size=batch)


def _labelled(structure: Structure, blocks: tuple[Block, ...], values: dict[str, np.ndarray]) -> xr.Dataset:
    last = {"coefficient": ("geo", "channel"), "baseline_coefficient": ("column",), "drift": ("channel", "wave")}
    channel = {name: ("channel",) for name in values if name.startswith(("adstock_", "saturation_"))}
    variables = {name: (("chain", "draw", *(last | channel).get(name, ())), array) for name, array in values.items()}
    coords = {
        "chain": np.arange(next(iter(values.values())).shape[0]),
        "draw": np.arange(next(iter(values.values())).shape[1]),
        "channel": list(structure.channels),
        "geo": list(structure.geos),
        "column": [label for block in blocks for label in block.labels],
        "block": ("column", [block.name for block in blocks for _ in block.labels]),
    }
    dataset = xr.Dataset(variables, coords=coords)
    dataset["coefficient"].attrs["units"] = "KPI of the geo's size, per period at response 1"
    return dataset


def _sample_stats(sampled: Draws) -> xr.Dataset:
    stats = {"diverging": sampled.diverging, "n_steps": sampled.steps, "acceptance_rate": sampled.acceptance}
    return xr.Dataset({name: (("chain", "draw"), np.asarray(values)) for name, values in stats.items()})
