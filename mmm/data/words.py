"""What do the names of columns say? The vocabulary of marketing exports, in the languages we have met.

    words("TV_spendEUR")        # ["tv", "spend", "eur"]
    says("search_cost", "spend")  # True
    stem("search_cost", ("spend",))  # "search"

To teach `mmm init` a word, add it to `WORDS`; every entry is a regular expression for one word of a name, or all of it.
"""

from __future__ import annotations

import re

WORDS = {
    "time": r"date|day|week|month|time|period|ds|datum|semaine|jour|mois|woche|monat",
    "geo": r"geo|region|market|dma|state|country|city|store|land|pays|bundesland",
    "population": r"population|pop|inhabitants",
    "value": r"(revenue|value|margin|profit|ltv)_per_\w+",
    "kpi": r"revenues?|sales|turnover|net_sales|umsatz|ventes|gmv|y|kpi|conversions?|orders|subscriptions|signups|"
    r"installs|leads|units_sold",
    "count": r"conversions?|orders|subscriptions|signups|installs|leads|units_sold",
    "spend": r"spend|spends|spending|cost|costs|s|budget|investment|ausgaben|depenses",
    "exposure": r"impressions?|imps?|i|clicks?|p|grps?|trps?|views?|sends?",
    "reach": r"reach",
    "frequency": r"frequency|freq",
    "organic": r"organic|newsletter|email|e_mail|mail|crm|push|blog|pr",
    "treatment": r"promos?|promotions?|discounts?|sale|coupon|deal|price_cut",
    "control": r"controls?|competitor\w*|price\w*|weather|holidays?|index|c\d+",
    "medium": r"x\d+_.*|.*(tv|television|radio|print|ooh|out_of_home|facebook|meta|instagram|google|youtube|tiktok|"
    r"search|social|display|video|affiliate|influencer|ads?|media|channel)\d*(_.*)?",
}


def words(name: str) -> list[str]:
    """The words of a column's name in lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


def is_called(name: str, kind: str) -> bool:
    """Whether the whole name is a word of that kind."""
    return bool(re.fullmatch(WORDS[kind], "_".join(words(name))))


def says(name: str, kind: str) -> bool:
    """Whether the whole name, or one word of it, is a word of that kind."""
    return is_called(name, kind) or any(re.fullmatch(WORDS[kind], word) for word in words(name))


def stem(name: str, kinds: tuple[str, ...]) -> str:
    """The name without the words of those kinds: `TV_spend` is the channel `TV`."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", name) if part]
    kept = [part for part in parts if not any(re.fullmatch(WORDS[kind], part.lower()) for kind in kinds)]
    return "_".join(kept or parts)
