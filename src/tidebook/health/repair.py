"""Mends what fsck found, where it can be mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tidebook.core.errors import TidebookError
from tidebook.health.finding import LISTS, Finding


@dataclass(frozen=True)
class Mended:
    """What became of a finding."""

    finding: Finding
    done: bool
    fault: str = ""  #: why it could not be mended


def repair(findings: Iterable[Finding]) -> Iterator[Mended]:
    """Mends one finding after another. What fails is told and stops nothing else; rows are made again once."""
    made_again = False
    for finding in findings:
        if finding.mend is None:
            yield Mended(finding, done=False)
            continue
        if finding.code in LISTS:
            if made_again:
                yield Mended(finding, done=True)
                continue
            made_again = True
        try:
            finding.mend()
        except (TidebookError, OSError) as error:
            yield Mended(finding, done=False, fault=str(error))
        else:
            yield Mended(finding, done=True)
