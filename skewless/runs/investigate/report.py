"""What an investigation found, for a terminal and as HTML: is it real, a bug or the world, who is to blame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skewless.parts.page.page import Section, render_page
from skewless.parts.page.plots import CalibrationPoint, calibration

Facts = Mapping[str, Any]

OF_CLASSES = ("auc", "log_loss")
SIDES = ("side", "value", "95% interval", "rows")
PARTS = ("part of the gap", "size", "95% interval", "share", "what it is")
SUSPECTS = ("rank", "feature", "kind", "score", "share of the gap", "mismatches", "PSI", "why")
ARMS = ("arm", "rows", "online", "95% interval", "gap to offline", "p-value over all arms")
GROUPS = ("side", "rows", "mean score", "mean label", "95% interval")
WORDS = {"features": "A BUG", "population": "THE WORLD", "model": "MODEL OR RUNTIME"}
MAIN_SHARE = 0.5
"""A part that makes up as much of the gap gives the verdict its name."""


def summary_of_investigation(facts: Facts, report: str | None = None) -> str:
    """A screenful: the verdict, both sides, the parts of the gap, the suspects, and what to know."""
    lines = [verdict_of(facts)]
    for side in ("offline", "online"):
        one = facts[side]
        lines.append(
            f"  {side:<12} {one['value']:.4f} [{one['low']:.4f}, {one['high']:.4f}] in {one['rows']:,} rows"
        )
    low, high = facts["gap_interval"]
    lines.append(
        f"  {'gap':<12} {facts['gap']:+.4f} [{low:+.4f}, {high:+.4f}], p = {facts['gap_p_value']:.2g}"
    )
    for part in facts["parts"]:
        lines.append(f"    {part['name']:<12} {_sized(part)}  {part['detail']}")
    for place, each in enumerate(facts["suspects"], 1):
        lines.append(f"  {f'suspect {place}':<12} {each['feature']} (score {each['score']:.2f})")
        lines.append(f"  {'':<12}   {each['evidence']['reason']}")
    lines += [f"  {'note':<12} {note}" for note in notes_of(facts)]
    return "\n".join([*lines, f"  {'report':<12} {report}"] if report else lines)


def render_investigation(facts: Facts) -> str:
    """The report as one HTML document."""
    sections = [
        _suspects_section(facts),
        _sides_section(facts),
        _parts_section(facts),
        _arms_section(facts),
        _calibration_section(facts),
        Section("To know before using it", items=tuple(notes_of(facts))),
        _groups_section(facts),
    ]
    meta = f"`{facts['metric']}` · gap {facts['gap']:+.4f} · p = {facts['gap_p_value']:.2g}"
    is_bad = facts["significant"] and facts["is_worse"]
    return render_page(facts["training_set"], verdict_of(facts), is_bad, meta, sections, word_of(facts))


def verdict_of(facts: Facts) -> str:
    """Real or not, a bug or the world, in a sentence."""
    name = facts["metric"].replace("_", " ").replace("auc", "AUC")
    numbers = f"{name} {facts['offline']['value']:.4f} offline, {facts['online']['value']:.4f} online"
    told = f"{numbers}, p = {facts['gap_p_value']:.2g}"
    return f"{facts['training_set']}: {word_of(facts)}, {_sentence(facts)}: {told}"


def word_of(facts: Facts) -> str:
    """The verdict in a word or two."""
    if not facts["significant"]:
        return "NO GAP"
    return WORDS.get(_main_part(facts) or "", "REAL GAP") if facts["is_worse"] else "ONLINE IS BETTER"


def _sentence(facts: Facts) -> str:
    if not facts["significant"]:
        return f"none beyond chance{_but(facts)}"
    if not facts["is_worse"]:
        return f"and not by chance{_but(facts)}"
    main = _main_part(facts)
    if main is None:
        return "and no one thing explains half of it"
    share = next(_share(facts, part) or 0.0 for part in facts["parts"] if part["name"] == main)
    drifted = _suspects(facts, "drift")
    told = {
        "features": f"comes back with recomputed values of {_suspects(facts, 'skew') or 'all that differ, together'}",
        "population": f"is that the population moved{f', in {drifted}' if drifted else ''}",
        "model": "is other scores for the same features: model or runtime",
        "unexplained": "is explained by no feature",
    }
    return f"the gap is real, and {share:.0%} of it {told[main]}"


def _main_part(facts: Facts) -> str | None:
    """The part that is at least half of the gap, and not by chance; None where there is none."""
    told = {
        part["name"]: _share(facts, part) or 0.0 for part in facts["parts"] if part.get("p_value", 1.0) < 0.05
    }
    main = max(told, key=lambda name: told[name], default=None)
    return main if main is not None and told[main] >= MAIN_SHARE else None


def _but(facts: Facts) -> str:
    count = len(facts["differing"])
    if not count:
        return ""
    return f"; but {count} feature{'s are' if count > 1 else ' is'} logged otherwise than recomputed"


def _suspects(facts: Facts, kind: str) -> str:
    names = [each["feature"] for each in facts["suspects"] if each["evidence"]["kind"] == kind]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def notes_of(facts: Facts) -> Iterator[str]:
    if facts["same_rows"]:
        one = facts["same_rows"]
        yield (
            f"{facts['matched']:,} rows were scored on both sides; on them the gap is {one['value']:+.4f} "
            f"[{one['low']:+.4f}, {one['high']:+.4f}]"
        )
    else:
        yield f"{facts['matched']:,} rows were scored on both sides"
    if facts["together"] and len(facts["differing"]) > 1:
        one = facts["together"]
        yield (
            f"all {len(facts['differing'])} features that differ, recomputed together, move the online metric by "
            f"{one['value']:+.4f} [{one['low']:+.4f}, {one['high']:+.4f}]"
        )
    named = {each["feature"] for each in facts["suspects"]}
    cleared = [f"{name} ({rate:.2%})" for name, rate in facts["differing"].items() if name not in named]
    if cleared:
        yield f"logged otherwise than recomputed, but not behind this gap: {', '.join(cleared)}"
    if facts["settled"]:
        one = facts["settled"]
        yield (
            f"on the {one['rows']:,} online rows old enough for 99% of labels to be known: {one['value']:.4f} "
            f"[{one['low']:.4f}, {one['high']:.4f}]"
        )
    yield from facts["notes"]


def _sized(part: Facts) -> str:
    if "value" not in part:
        return f"{'unknown':<28}"
    return f"{part['value']:+.4f} [{part['low']:+.4f}, {part['high']:+.4f}]"


def _share(facts: Facts, part: Facts) -> float | None:
    whole = facts["sampled_gap"]["value"]
    return part["value"] / whole if "value" in part and whole else None


def _suspects_section(facts: Facts) -> Section:
    rows = []
    for place, each in enumerate(facts["suspects"], 1):
        told = each["evidence"]
        share, rate, psi = told["share_of_gap"], told.get("mismatch_rate"), told.get("psi")
        rows.append(
            (
                str(place),
                each["feature"],
                told["kind"],
                f"{each['score']:.2f}",
                "" if share is None else f"{share:.0%}",
                "" if rate is None else f"{rate:.2%}",
                "" if psi is None else f"{psi:.3f}",
                told["reason"],
            )
        )
    sentences = () if rows else ("No feature is a suspect.",)
    return Section("Suspects", sentences, SUSPECTS if rows else (), tuple(rows))


def _sides_section(facts: Facts) -> Section:
    rows = [
        (side, f"{one['value']:.4f}", f"{one['low']:.4f} to {one['high']:.4f}", f"{one['rows']:,}")
        for side, one in (("offline", facts["offline"]), ("online", facts["online"]))
    ]
    low, high = facts["gap_interval"]
    rows.append(("offline less online", f"{facts['gap']:+.4f}", f"{low:+.4f} to {high:+.4f}", ""))
    return Section("The gap", (), SIDES, tuple(rows))


def _parts_section(facts: Facts) -> Section:
    rows = []
    for part in facts["parts"]:
        share = _share(facts, part)
        interval = f"{part['low']:+.4f} to {part['high']:+.4f}" if "value" in part else ""
        size = f"{part['value']:+.4f}" if "value" in part else "unknown"
        rows.append((part["name"], size, interval, "" if share is None else f"{share:.0%}", part["detail"]))
    return Section("What it is made of", (), PARTS, tuple(rows))


def _arms_section(facts: Facts) -> Section:
    rows = []
    for each in facts["arm_details"]:
        online, gap = each["online"], each["gap"]
        if online is None or gap is None:
            rows.append((each["arm"], f"{each['rows']:,}", "too few rows", "", "", ""))
            continue
        interval = f"{online['low']:.4f} to {online['high']:.4f}"
        numbers = (f"{online['value']:.4f}", interval, f"{gap['value']:+.4f}", f"{each['adjusted']:.2g}")
        rows.append((each["arm"], f"{each['rows']:,}", *numbers))
    return Section("By arm", (), ARMS, tuple(rows))


def _calibration_section(facts: Facts) -> Section:
    """How far mean scores are from mean labels on each side; as a picture where labels are classes."""
    sentences = []
    for side, told in facts["calibrations"].items():
        bias = told["bias"]
        sentences.append(
            f"{side.capitalize()}: mean score less mean label {bias['value']:+.4f} [{bias['low']:+.4f}, "
            f"{bias['high']:+.4f}]; mean distance of the two over groups of like scores {told['error']:.4f}."
        )
    picture = _calibration_picture(facts) if facts["metric"] in OF_CLASSES and sentences else ""
    return Section("Calibration", tuple(sentences), picture=picture)


def _groups_section(facts: Facts) -> Section:
    rows = []
    for side, told in facts["calibrations"].items():
        for group in told["groups"]:
            interval = f"{group['low']:.4f} to {group['high']:.4f}"
            numbers = (f"{group['rows']:,}", f"{group['score']:.4f}", f"{group['label']:.4f}", interval)
            rows.append((side, *numbers))
    return Section("Calibration by groups of like scores", (), GROUPS, tuple(rows))


def _calibration_picture(facts: Facts) -> str:
    offline, online = (
        [CalibrationPoint(group["score"], group["label"], group["rows"]) for group in told["groups"]]
        for told in facts["calibrations"].values()
    )
    return calibration(offline, online)
