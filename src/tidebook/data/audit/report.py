"""The audit's result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tidebook.data.finding import Finding
from tidebook.data.mapping import ColumnMapping


@dataclass(frozen=True)
class AuditReport:
    """What a table holds and what is wrong with it."""

    summary: dict[str, Any]  #: rows, series, products, stores, first_date, last_date, days, columns
    findings: tuple[Finding, ...]  #: errors first, then warnings, then what is worth knowing
    mapping: ColumnMapping  #: what each column was taken for
    products: tuple[str, ...]  #: all product ids, sorted
    stores: tuple[str, ...]  #: all store ids, sorted

    def to_json(self) -> dict[str, Any]:
        """Plain values; the lists of ids are left out."""
        return {
            "format_version": 1,
            "summary": self.summary,
            "findings": [found.to_json() for found in self.findings],
            "mapping": self.mapping.model_dump(mode="json"),
        }
