"""What every test shares: annotations that are checked while the tests run, and the data they work on.

The import hook below must run before any of our packages is imported, which is why it stands first. Fixtures hand out
fresh objects where they are cheap, and one shared fit where sampling is not: a test that changes a fit copies it.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

from jaxtyping import install_import_hook

install_import_hook(["mmm", "causal", "reports"], "beartype.beartype")

import pytest
import xarray as xr

from mmm.study import Study

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "alder-foods"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of known-truth and public data: `$MMM_SHARED_DATA`, or `shared/data` beside or inside the checkout."""
    named = os.environ.get("MMM_SHARED_DATA")
    places = [Path(named)] if named else [ROOT / "shared" / "data", ROOT.parent / "shared" / "data"]
    for place in places:
        if place.is_dir():
            return place
    pytest.skip(f"needs the shared data; looked in {', '.join(map(str, places))}; name it with MMM_SHARED_DATA")


@pytest.fixture(scope="session")
def example_study() -> Study:
    """The bundled example, as its file says."""
    from mmm.study import load_study

    return load_study(EXAMPLE / "study.yaml")


@pytest.fixture(scope="session")
def _example_panel(example_study: Study) -> xr.DataTree:
    from mmm.data.panel import load_panel

    return load_panel(example_study)


@pytest.fixture
def example_panel(_example_panel: xr.DataTree) -> xr.DataTree:
    """The bundled example's panel; each test gets its own copy."""
    return _example_panel.copy(deep=True)


@pytest.fixture(scope="session")
def fitted(example_study: Study, _example_panel: xr.DataTree) -> xr.DataTree:
    """A short fit of the bundled example: good enough for shapes and arithmetic, too short for conclusions."""
    from mmm.model.fit import fit

    short = example_study.fit.model_copy(update={"chains": 2, "draws": 100, "warmup": 200})
    return fit(_example_panel, example_study.model_copy(update={"fit": short}))
