"""How does exposure become response? Carryover (adstock), then diminishing returns (saturation).

`component` says what a component is, `adstock` and `saturation` hold the families, one formula each, and `laws`
are the properties that every one of them must keep, a user's own included.
"""

from mmm import engine as engine
from mmm.media.component import Adstock, Saturation, load_component

__all__ = ["Adstock", "Saturation", "load_component"]
