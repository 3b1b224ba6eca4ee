"""What is a channel called where people read it? `paid_search` becomes "Paid search", `tv` "TV", `ooh` "OOH".

    spoken("paid_search")                                       # "Paid search"
    in_text("paid_search: its ROI is the prior's.", names)      # "Paid search: its ROI is the prior's."

    gate_name("circular_shift")                                 # "Circular shift", in the language that is spoken

Only a name made of lower-case letters, digits and underscores is a column's name that nobody would write; any other
(`x11_delayed-start-0`, `Channel0`, `TV`) was spelt by a person and stays. To add a spelling, add a word to `SPELT`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mmm.speech import capitalised, message, word

COLUMN = re.compile(r"[a-z0-9_]+")
CAPITALS = "tv ctv ott ooh dooh vod bvod svod sea sem seo ppc crm dm pr sms b2b b2c usa uk eu gdp kpi covid19"
SPELT = {word: word.upper() for word in CAPITALS.split()} | {
    "youtube": "YouTube",
    "tiktok": "TikTok",
    "linkedin": "LinkedIn",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "google": "Google",
    "amazon": "Amazon",
}
"""Words whose spelling is not their lower case."""

GATES = {
    "identification": message("Identification"),
    "positivity": message("Positivity"),
    "lead": message("Lead"),
    "hidden_demand": message("Hidden demand"),
    "circular_shift": message("Circular shift"),
    "agreement": message("Agreement"),
    "block_subset": message("Block subset"),
    "random_common_cause": message("Random common cause"),
    "leave_one_out": message("Leave one out"),
    "robustness": message("Robustness"),
    "planted_effect": message("Planted effect"),
    "negative_control": message("Negative control"),
    "experiment": message("Experiment"),
}
EVIDENCE = {
    "experiment-confirmed": message("Experiment-confirmed"),
    "quasi-experiment-consistent": message("Quasi-experiment-consistent"),
    "observationally consistent only": message("Observationally consistent only"),
    "conflicted": message("Conflicted"),
    "not identifiable": message("Not identifiable"),
}
"""What the causal validation's gates and labels are called."""


def gate_name(gate: str) -> str:
    """A gate in the language that is spoken; one that nobody translated as its words."""
    return word(GATES[gate]) if gate in GATES else capitalised(gate.replace("_", " ").replace("-", " ").strip())


def evidence_name(label: str) -> str:
    """A verdict's label in the language that is spoken."""
    return word(EVIDENCE[label]) if label in EVIDENCE else capitalised(label)


def spoken(name: str) -> str:
    """`name` as a person writes it, at the beginning of a label."""
    words = _words(name)
    return capitalised(words) if COLUMN.fullmatch(name) else name


def in_text(text: str, names: Iterable[str]) -> str:
    """`text` with every one of `names` as a person writes it.

    A name of one word may be any word of the sentence ("print"), so it is only replaced where it opens the text and
    a colon or nothing follows, or where its spelling is no word (`tv`).
    """
    for name in sorted(set(names), key=len, reverse=True):
        known = re.escape(name)
        where = rf"^{known}(?=:|$)" if _words(name) == name else rf"(?<![\w-]){known}(?![\w-])"
        text = re.sub(where, spoken(name).replace("\\", r"\\"), text)
    return text


def _words(name: str) -> str:
    """The name's words with their own capitals, or the name itself where a person spelt it."""
    if not COLUMN.fullmatch(name):
        return name
    return " ".join(SPELT.get(word, word) for word in name.split("_") if word) or name
