"""What is believed of the causes behind spend and sales? The `causal` section of `study.yaml`, with its defaults.

By default season, trend, geo, controls, treatments and the other channels may each move a channel and the KPI. Where an
analyst knows better, a few words say so (`latent_demand`, `mediators`), or a graph of their own does (`graph`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field, model_validator

from mmm.errors import closest
from mmm.study_types import Key, Part


class Causal(Part):
    """Beliefs that causal tests start from.

    `latent_demand` says that demand nobody measured drives spend, of all channels or of those named; `mediators` names
    what a channel itself moves (brand search after television), which is then not held still. `graph` says all of it,
    as text in Graphviz's language or GML.
    """

    latent_demand: bool | tuple[Key, ...] = False
    mediators: dict[Key, tuple[Key, ...]] = Field(default_factory=dict)
    graph: str | None = None

    @model_validator(mode="after")
    def _said_once(self) -> Causal:
        if self.graph is not None and (self.latent_demand or self.mediators):
            raise ValueError("graph says what is latent and what lies between: remove latent_demand and mediators")
        return self

    def unknown(self, media: Sequence[str], others: Sequence[str]) -> Iterator[str]:
        """Names that are none of the data's `media`, or of its `others`: treatments and controls."""
        latent = () if isinstance(self.latent_demand, bool) else self.latent_demand
        mentioned = [("causal.latent_demand", name, [*media]) for name in latent]
        mentioned += [("causal.mediators", name, [*media]) for name in self.mediators]
        for channel, between in self.mediators.items():
            allowed = [name for name in (*media, *others) if name != channel]
            mentioned += [(f"causal.mediators.{channel}", name, allowed) for name in between]
        for place, name, allowed in mentioned:
            if name not in allowed:
                yield f"{place} cannot name {name!r}: {closest(name, allowed)}"
