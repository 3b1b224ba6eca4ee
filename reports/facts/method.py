"""How was this made, and how can it be made again?

The model in one formula and plain words, what it assumes, what the data review found, and the identifiers that make
the same documents again: run id, data hash, code and package versions, seed, notebooks. Nothing here depends on the
clock or on a folder's name, so that the same run prints the same page.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from mmm.speech import message
from reports.language import Language, Sentence, plural, say
from reports.source import Source, geos, times

SHOWN_HASH = 12
OPTIONS = (
    message("auto"),
    message("geometric"),
    message("delayed"),
    message("binomial"),
    message("none"),
    message("logistic"),
    message("exponential"),
    message("power"),
    message("normal"),
    message("student t"),
    message("negative binomial"),
)
"""The choices of adstock, saturation and likelihood that are words; others are names."""

FINDINGS = 8


def numbers(source: Source) -> dict[str, Any]:
    """The model's settings, the review's findings and the run's identifiers."""
    study, manifest = source.study, source.manifest
    known = times(source)
    findings = source["review"].to_dict("records")
    versions = manifest.get("versions") or manifest.get("package_versions") or {}
    return {
        "adstock": study.model.adstock,
        "saturation": study.model.saturation,
        "likelihood": study.model.likelihood,
        "link": study.model.link,
        "max_lag": study.model.lags(len(known), _periods_per_year(known)),
        "seed": study.fit.seed,
        "mode": study.fit.mode,
        "draws": study.fit.chains * study.fit.draws,
        "controls": [*study.data.controls, *study.data.treatments],
        "experiments": study.experiments is not None,
        "findings": [row for row in findings if row.get("severity") in ("caution", "fail")],
        "reviewed": "severity" in source["review"].columns,
        "run_id": str(manifest.get("run_id", "unknown")),
        "data_hash": str(manifest.get("data_hash", "unknown")),
        "study_hash": str(manifest.get("study_hash", "unknown")),
        "code_version": str(manifest.get("code_version", "unknown")),
        "versions": {str(name): str(version) for name, version in sorted(versions.items())},
        "start": known[0],
        "end": known[-1],
        "periods": len(known),
        "geos": geos(source),
    }


def words(facts: dict[str, Any], language: Language, notebooks: list[str]) -> dict[str, Any]:
    """Heading, the model in words, assumptions, the review's findings and the identifiers."""
    return {
        "heading": say(language, "Method and reproduction"),
        "model": _model(facts, language),
        "formula": say(
            language,
            "Expected KPI is the baseline plus, for each channel, a coefficient times the saturation "
            "of its carried-over exposure.",
        ),
        "assumptions": _assumptions(facts, language),
        "review": _review(facts, language),
        "identifiers": _identifiers(facts, language, notebooks),
    }


def _model(facts: dict[str, Any], language: Language) -> Sentence:
    where = plural(facts["geos"], "one national series", "{geos:integer} geos, partially pooled")
    return say(
        language,
        "A Bayesian regression of the KPI on the carried-over, saturating exposure of every channel, with trend, "
        "yearly season and controls, over {periods:integer} periods from {start:short_date} to {end:short_date} "
        "({where:phrase}). Carryover: {adstock:word}, up to {lag:integer} periods; saturation: {saturation:word}; "
        "likelihood: {likelihood:word}. "
        "Every number is computed draw by draw from the joint posterior and summarised last; "
        "ranges are {level:percent} credible intervals.",
        where=where,
        geos=facts["geos"],
        periods=facts["periods"],
        start=facts["start"],
        end=facts["end"],
        adstock=facts["adstock"].replace("_", " "),
        saturation=facts["saturation"].replace("_", " "),
        likelihood=facts["likelihood"].replace("_", " "),
        lag=facts["max_lag"],
    )


def _periods_per_year(times: list[str]) -> float:
    span = dt.date.fromisoformat(times[-1]) - dt.date.fromisoformat(times[0])
    return (len(times) - 1) * 365.2425 / max(span.days, 1)


def _assumptions(facts: dict[str, Any], language: Language) -> list[Sentence]:
    made = [
        say(language, "Given season, trend and the controls, nothing else moves both the spend and the KPI."),
        say(language, "A channel's effect depends on its own exposure; its shape does not change within the window."),
        say(
            language,
            "What an exposure does later than {lag:integer} periods after it is not counted.",
            lag=facts["max_lag"],
        ),
        say(
            language,
            "Within the plan's horizon the market behaves as in the window, and prices of media stay the same.",
        ),
    ]
    if facts["controls"]:
        made.insert(1, say(language, "Controls and treatments held constant: {names:names}.", names=facts["controls"]))
    else:
        made.insert(
            1, say(language, "*No control variable was given*: price, promotion and competition are not accounted for.")
        )
    if not facts["experiments"]:
        made.append(
            say(language, "No experiment informed this fit: returns rest on the observed variation of spend alone.")
        )
    if facts["mode"] == "quick":
        made.append(say(language, "*This was a quick fit*, for iterating: repeat it in full before deciding."))
    return made


def _review(facts: dict[str, Any], language: Language) -> list[Sentence]:
    if not facts["reviewed"]:
        return [say(language, "The data review's findings are not part of this run.")]
    if not facts["findings"]:
        return [say(language, "The data review found nothing that limits the results.")]
    made = [
        say(language, "*{subject:channel}*: {message:message}", subject=row["subject"], message=row["message"])
        for row in facts["findings"][:FINDINGS]
    ]
    left = len(facts["findings"]) - len(made)
    return made + (
        [say(language, "{n:integer} more findings are in the review of the run folder.", n=left)] if left > 0 else []
    )


def _identifiers(facts: dict[str, Any], language: Language, notebooks: list[str]) -> list[tuple[Sentence, Sentence]]:
    packages = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    pairs = [
        ("Run", facts["run_id"]),
        ("Data (hash)", facts["data_hash"]),
        ("Study (hash)", facts["study_hash"]),
        ("Code", facts["code_version"]),
        ("Packages", packages),
        ("Seed", str(facts["seed"])),
        ("Notebooks", ", ".join(notebooks)),
    ]
    return [(say(language, name), say(language, "{x}", x=value)) for name, value in pairs if value]


def footer(facts: dict[str, Any], language: Language) -> Sentence:
    """The line under every page: which run, which data."""
    text = "Run {run} · data {hash}… · data to {end:date}"
    return say(language, text, run=facts["run_id"], hash=facts["data_hash"][:SHOWN_HASH], end=facts["end"])
