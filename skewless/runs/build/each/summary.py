"""What a person reads of a build in pieces: a line a piece while it runs, and all of them at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skewless.runs.build.each.cut import names_of
from skewless.runs.build.each.each import Piece
from skewless.runs.build.told.summary import left_out_of, notes_of


def line_of(name: str, piece: Piece) -> str:
    """What became of a piece, in a line."""
    (when,) = names_of([piece.run_range])
    if piece.document is None:
        assert piece.refusal is not None, "a piece is built or refused"
        return f"{name}: {when}: refused: {'; '.join(piece.refusal.problems)}"
    document = piece.document
    if document["status"] == "rejected":
        return (
            f"{name}: {when}: REFUSED, the {document['rows']:,} rows are kept in {document['rejected_path']}"
        )
    how = "built before the stop" if piece.outcome is None else document["status"]
    return f"{name}: {when}: {how}, version {document['version']}: {document['rows']:,} label events"


def summary_of_pieces(name: str, pieces: Sequence[Piece], combined: Mapping[str, Any]) -> str:
    """The verdict on all pieces, those that failed, and what somebody should know before using the rows."""
    return "\n".join(_lines(name, pieces, combined))


def standing_pieces(pieces: Sequence[Piece]) -> str:
    """What stands of them where the run is stopped now."""
    built = sum(piece.is_built for piece in pieces)
    return f"{built} pieces stand, nothing of the others is published; the same command goes on after them"


def failures_of(name: str, pieces: Sequence[Piece]) -> list[str]:
    """The pieces that are not built, a line for each reason."""
    by_reason: dict[str, list[Piece]] = {}
    for piece in pieces:
        for problem in piece.refusal.problems if piece.refusal else ():
            by_reason.setdefault(problem, []).append(piece)
    found = [
        f"{name}: {', '.join(names_of([piece.run_range for piece in those]))}: {reason}"
        for reason, those in by_reason.items()
    ]
    rejected = [piece for piece in pieces if piece.document and not piece.is_built]
    return [*found, *(line_of(name, piece) for piece in rejected)]


def _lines(name: str, pieces: Sequence[Piece], combined: Mapping[str, Any]) -> Iterator[str]:
    built = [piece for piece in pieces if piece.is_built]
    verdict = combined["status"] if len(built) == len(pieces) else "NOT ALL BUILT"
    yield f"{name}: {verdict}: {len(built)} of {len(pieces)} pieces, {combined['rows']:,} label events"
    yield from (f"  {'not built':<13} {line}" for line in failures_of(name, pieces))
    manifests = [piece.outcome.manifest for piece in pieces if piece.outcome]
    for manifest, piece in zip(manifests, (piece for piece in pieces if piece.outcome), strict=True):
        for line in left_out_of(manifest):
            yield f"  {'left out':<13} {next(names_of([piece.run_range]))}: {line}"
    for note in dict.fromkeys(note for manifest in manifests for note in notes_of(manifest)):
        yield f"  {'warning':<13} {note}"
