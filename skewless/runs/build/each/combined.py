"""The builds of all pieces → one `--json` object, with the keys of a build and the pieces beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skewless.runs.build.each.each import Piece

Document = Mapping[str, Any]
OF_A_PIECE = ("run_id", "status", "version", "rejected_path", "rows")


def combined(pieces: Sequence[Piece]) -> dict[str, Any]:
    """The object of all pieces that were built or rejected: counts are added up, versions are those of the last one.

    It is `rejected` where one piece is, else `published` where one is, else `unchanged`.
    """
    documents = [piece.document for piece in pieces if piece.document is not None]
    last = documents[-1]
    statuses = {document["status"] for document in documents}
    status = next(each for each in ("rejected", "published", "unchanged") if each in statuses)
    paths = [document["rejected_path"] for document in documents if document["rejected_path"]]
    versions = [document["version"] for document in documents if document["version"] is not None]
    return {
        **last,
        "status": status,
        "version": None if status == "rejected" else max(versions),
        "rejected_path": paths[0] if paths else None,
        "rows": sum(document["rows"] for document in documents),
        "feature_tables": {name: _table(name, documents) for name in last["feature_tables"]},
        "parity": _added("parity", documents),
        "expectations": _added("expectations", documents),
        "pieces": [_piece(piece) for piece in pieces],
    }


def _table(name: str, documents: Sequence[Document]) -> dict[str, Any]:
    uses = [(document["rows"], document["feature_tables"][name]) for document in documents]
    label_events = sum(rows for rows, _ in uses)
    matched = sum(rows * (use["match_rate"] or 0.0) for rows, use in uses)
    return {
        "version": uses[-1][1]["version"],
        **{key: sum(use[key] for _, use in uses) for key in ("rows_read", "null_rows")},
        "match_rate": matched / label_events if label_events else None,
        "at_t": sum(use["at_t"] for _, use in uses),
    }


def _added(key: str, documents: Sequence[Document]) -> dict[str, int] | None:
    counts: list[Mapping[str, int]] = [document[key] for document in documents if document[key] is not None]
    return {name: sum(each[name] for each in counts) for name in counts[0]} if counts else None


def _piece(piece: Piece) -> dict[str, Any]:
    bounds = piece.run_range.to_json()
    found = piece.document or dict.fromkeys(OF_A_PIECE)
    return {
        "start": bounds["start"],
        "end": bounds["end"],
        **{key: found[key] for key in OF_A_PIECE},
        "errors": list(piece.refusal.problems) if piece.refusal else [],
    }
