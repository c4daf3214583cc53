"""What an investigation found, for a terminal and as HTML: is it real, a bug or the world, who is to blame."""

from __future__ import annotations

from collections.abc import Iterator

from skewless.parts.page.page import Section, render_page
from skewless.parts.page.plots import CalibrationPoint, calibration
from skewless.runs.watch.causes import CAUSES_HEADER, began, cause_lines
from skewless.runs.watch.investigate.causes import causes_of
from skewless.runs.watch.investigate.gap.findings import Investigation, Part
from skewless.runs.watch.investigate.gap.measures import Estimate

OF_CLASSES = ("auc", "log_loss")
SIDES = ("side", "value", "95% interval", "rows")
PARTS = ("part of the gap", "size", "95% interval", "share", "what it is")
SUSPECTS = ("rank", "feature", "kind", "score", "share of the gap", "mismatches", "PSI", "why")
ARMS = ("arm", "rows", "online", "95% interval", "gap to offline", "p-value over all arms")
GROUPS = ("side", "rows", "mean score", "mean label", "95% interval")
WORDS = {"features": "A BUG", "population": "THE WORLD", "model": "MODEL OR RUNTIME"}
MAIN_SHARE = 0.5
"""A part that makes up as much of the gap gives the verdict its name."""


def summary_of_investigation(
    found: Investigation, report: str | None = None, *, verbose: bool = False
) -> str:
    """A screenful: the verdict, what is behind the suspects, both sides, the parts of the gap, and what to know.

    One cause mostly makes several features suspects: `verbose` tells of each of them too.
    """
    lines = [verdict_of(found)]
    for place, cause in enumerate(causes_of(found), 1):
        lines += cause_lines(f"cause {place}", cause, 12)
    for side, one in (("offline", found.offline), ("online", found.online)):
        lines.append(f"  {side:<12} {_value(one.estimate)} in {one.rows:,} rows")
    lines.append(f"  {'gap':<12} {_change(found.gap)}, p = {found.gap.p_value:.2g}")
    for part in found.parts:
        size = _change(part.estimate) if part.estimate else f"{'unknown':<28}"
        lines.append(f"    {part.name:<12} {size}  {part.detail}")
    for place, each in enumerate(found.suspects if verbose else (), 1):
        lines.append(f"  {f'suspect {place}':<12} {each.feature} (score {each.score:.2f})")
        lines.append(f"  {'':<12}   {each.evidence['reason']}")
    lines += [f"  {'note':<12} {note}" for note in notes_of(found)]
    return "\n".join([*lines, f"  {'report':<12} {report}"] if report else lines)


def render_investigation(found: Investigation) -> str:
    """The report as one HTML document."""
    sections = [
        _causes_section(found),
        _suspects_section(found),
        _sides_section(found),
        _parts_section(found),
        _arms_section(found),
        _calibration_section(found),
        Section("To know before using it", items=tuple(notes_of(found))),
        _groups_section(found),
    ]
    meta = f"`{found.metric}` · gap {found.gap.value:+.4f} · p = {found.gap.p_value:.2g}"
    is_bad = found.significant and found.is_worse
    return render_page(found.training_set, verdict_of(found), is_bad, meta, sections, word_of(found))


def verdict_of(found: Investigation) -> str:
    """Real or not, a bug or the world, in a sentence."""
    name = found.metric.replace("_", " ").replace("auc", "AUC")
    numbers = f"{name} {found.offline.estimate.value:.4f} offline, {found.online.estimate.value:.4f} online"
    numbers += f", p = {found.gap.p_value:.2g}"
    causes = causes_of(found)
    since = (
        f"{began(cause.since for cause in causes)}, "
        if causes and found.significant and found.is_worse
        else ""
    )
    return f"{found.training_set}: {word_of(found)}, {since}{_sentence(found)}: {numbers}"


def word_of(found: Investigation) -> str:
    """The verdict in a word or two."""
    if not found.significant:
        return "NO GAP"
    return WORDS.get(_main_part(found) or "", "REAL GAP") if found.is_worse else "ONLINE IS BETTER"


def _sentence(found: Investigation) -> str:
    if not found.significant:
        return f"none beyond chance{_but(found)}"
    if not found.is_worse:
        return f"and not by chance{_but(found)}"
    main = _main_part(found)
    if main is None:
        return "and no one thing explains half of it"
    share = next(_share(found, part) or 0.0 for part in found.parts if part.name == main)
    words = {
        "features": "comes back with recomputed values",
        "population": "is that the population moved",
        "model": "is other scores for the same features: model or runtime",
        "unexplained": "is explained by no feature",
    }
    return f"the gap is real, and {share:.0%} of it {words[main]}"


def _main_part(found: Investigation) -> str | None:
    """The part that is at least half of the gap, and not by chance; None where there is none."""
    shares = {
        part.name: _share(found, part) or 0.0
        for part in found.parts
        if part.estimate and part.estimate.p_value < 0.05
    }
    main = max(shares, key=lambda name: shares[name], default=None)
    return main if main is not None and shares[main] >= MAIN_SHARE else None


def _but(found: Investigation) -> str:
    count = len(found.differing)
    if not count:
        return ""
    return f"; but {count} feature{'s are' if count > 1 else ' is'} logged otherwise than recomputed"


def notes_of(found: Investigation) -> Iterator[str]:
    of_them = f"; on them the gap is {_change(found.same_rows)}" if found.same_rows else ""
    yield f"{found.matched:,} rows were scored on both sides{of_them}"
    if found.together and len(found.differing) > 1:
        yield (
            f"all {len(found.differing)} features that differ, recomputed together, move the online metric by "
            f"{_change(found.together)}"
        )
    named = {each.feature for each in found.suspects}
    cleared = [f"{name} ({rate:.2%})" for name, rate in found.differing.items() if name not in named]
    if cleared:
        yield f"logged otherwise than recomputed, but not behind this gap: {', '.join(cleared)}"
    if found.settled:
        estimate, rows = found.settled
        yield f"on the {rows:,} online rows old enough for 99% of labels to be known: {_value(estimate)}"
    yield from found.notes


def _value(estimate: Estimate) -> str:
    return f"{estimate.value:.4f} [{estimate.low:.4f}, {estimate.high:.4f}]"


def _change(estimate: Estimate) -> str:
    return f"{estimate.value:+.4f} [{estimate.low:+.4f}, {estimate.high:+.4f}]"


def _change_cells(estimate: Estimate) -> tuple[str, str]:
    return f"{estimate.value:+.4f}", f"{estimate.low:+.4f} to {estimate.high:+.4f}"


def _share(found: Investigation, part: Part) -> float | None:
    whole = found.sampled_gap.value
    return part.estimate.value / whole if part.estimate and whole else None


def _causes_section(found: Investigation) -> Section:
    """Each cause once, with the features that it reached, each with its share."""
    rows = [each.cells(", ".join(map(" ".join, each.features))) for each in causes_of(found)]
    return Section("Causes", (), CAUSES_HEADER, tuple(rows))


def _suspects_section(found: Investigation) -> Section:
    rows = []
    for place, each in enumerate(found.suspects, 1):
        evidence = each.evidence
        share, rate, psi = evidence["share_of_gap"], evidence.get("mismatch_rate"), evidence.get("psi")
        rows.append(
            (
                str(place),
                each.feature,
                each.kind,
                f"{each.score:.2f}",
                "" if share is None else f"{share:.0%}",
                "" if rate is None else f"{rate:.2%}",
                "" if psi is None else f"{psi:.3f}",
                evidence["reason"],
            )
        )
    sentences = () if rows else ("No feature is a suspect.",)
    return Section("Suspects", sentences, SUSPECTS if rows else (), tuple(rows))


def _sides_section(found: Investigation) -> Section:
    rows = [
        (
            side,
            f"{one.estimate.value:.4f}",
            f"{one.estimate.low:.4f} to {one.estimate.high:.4f}",
            f"{one.rows:,}",
        )
        for side, one in (("offline", found.offline), ("online", found.online))
    ]
    rows.append(("offline less online", *_change_cells(found.gap), ""))
    return Section("The gap", (), SIDES, tuple(rows))


def _parts_section(found: Investigation) -> Section:
    rows = []
    for part in found.parts:
        share = _share(found, part)
        size, interval = _change_cells(part.estimate) if part.estimate else ("unknown", "")
        rows.append((part.name, size, interval, "" if share is None else f"{share:.0%}", part.detail))
    return Section("What it is made of", (), PARTS, tuple(rows))


def _arms_section(found: Investigation) -> Section:
    rows = []
    for each in found.arms:
        online, gap, adjusted = each.online, each.gap, each.adjusted
        if online is None or gap is None or adjusted is None:
            rows.append((each.name, f"{each.rows:,}", "too few rows", "", "", ""))
            continue
        interval = f"{online.low:.4f} to {online.high:.4f}"
        numbers = (f"{online.value:.4f}", interval, f"{gap.value:+.4f}", f"{adjusted:.2g}")
        rows.append((each.name, f"{each.rows:,}", *numbers))
    return Section("By arm", (), ARMS, tuple(rows))


def _calibration_section(found: Investigation) -> Section:
    """How far mean scores are from mean labels on each side; as a picture where labels are classes."""
    sentences = []
    for side, one in found.calibrations.items():
        sentences.append(
            f"{side.capitalize()}: mean score less mean label {_change(one.bias)}; mean distance of the two over "
            f"groups of like scores {one.error:.4f}."
        )
    picture = _calibration_picture(found) if found.metric in OF_CLASSES and sentences else ""
    return Section("Calibration", tuple(sentences), picture=picture)


def _groups_section(found: Investigation) -> Section:
    rows = []
    for side, one in found.calibrations.items():
        for group in one.groups:
            interval = f"{group.low:.4f} to {group.high:.4f}"
            numbers = (f"{group.rows:,}", f"{group.score:.4f}", f"{group.label:.4f}", interval)
            rows.append((side, *numbers))
    return Section("Calibration by groups of like scores", (), GROUPS, tuple(rows))


def _calibration_picture(found: Investigation) -> str:
    offline, online = (
        [CalibrationPoint(group.score, group.label, group.rows) for group in one.groups]
        for one in found.calibrations.values()
    )
    return calibration(offline, online)
