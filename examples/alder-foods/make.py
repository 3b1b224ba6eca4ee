"""Make the example's data: three years of a grocery brand's sales whose causes we know.

    python examples/alder-foods/make.py          # writes data.csv and truth.json beside this file

Alder Foods spends about a tenth of its revenue on media. Its television is close to saturated, its online video is
small and works well, its radio does not earn its cost: what a good report should find out.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

from mmm.data.simulate import Simulation, TrueChannel, simulate

CHANNELS = (
    TrueChannel("tv", share=0.34, roi=1.3, retention=0.65, half=0.7, flighting="bursts"),
    TrueChannel("online_video", share=0.12, roi=2.9, retention=0.45, half=2.5, flighting="pulses", cost=9.0),
    TrueChannel("paid_search", share=0.20, roi=2.4, retention=0.10, half=1.6, flighting="always_on"),
    TrueChannel("paid_social", share=0.16, roi=1.9, retention=0.30, half=1.8, flighting="growing"),
    TrueChannel("radio", share=0.10, roi=0.7, retention=0.35, half=1.0, flighting="pulses"),
    TrueChannel("out_of_home", share=0.08, roi=1.1, retention=0.55, half=1.2, flighting="bursts"),
)


def alder_foods() -> Simulation:
    """156 weeks that end with the third quarter of 2026, always the same."""
    return simulate(
        seed=20260927,
        weeks=156,
        channels=CHANNELS,
        start=dt.date(2023, 10, 2),
        level=1_250_000.0,
        media_share=0.115,
        trend=0.04,
        season=0.09,
        noise=0.02,
        newsletter=True,
    )


def main(folder: Path) -> None:
    """Write `data.csv` and `truth.json` into `folder`."""
    market = alder_foods()
    text = market.frame.rename(columns={"revenue": "net_sales"}).to_csv(index=False, lineterminator="\n")
    (folder / "data.csv").write_bytes(text.encode())
    (folder / "truth.json").write_bytes((json.dumps(market.truth, indent=1) + "\n").encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
