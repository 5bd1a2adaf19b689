"""`tidebook fsck`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tidebook.cli.words import language, words

if TYPE_CHECKING:
    from tidebook.health.repair import Mended


def fsck(
    quick: Annotated[bool, typer.Option("--quick", help=words("fsck_quick"))] = False,
    repair: Annotated[bool, typer.Option("--repair", help=words("fsck_repair"))] = False,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Tells what is missing, changed, foreign or half written; ends with 1 where something wrong is left."""
    from tidebook.cli.output import print_json
    from tidebook.core.settings import Settings
    from tidebook.health.finding import told
    from tidebook.health.fsck import fsck as look
    from tidebook.health.repair import Mended
    from tidebook.health.repair import repair as mend

    found = list(look(Settings(), quick=quick))
    results = list(mend(found)) if repair else [Mended(finding, done=False) for finding in found]
    left = [result for result in results if result.finding.is_fault and not result.done]
    if json:
        tongue = language()
        findings = [told(result.finding, tongue, mended=result.done, fault=result.fault) for result in results]
        print_json({"findings": findings, "left": len(left)})
    else:
        _show(results, repaired=repair)
    if left:
        raise typer.Exit(1)


def _show(results: list[Mended], *, repaired: bool) -> None:
    from rich.text import Text

    from tidebook.cli.output import console, harmless, said

    if not results:
        console.print(words("fsck_clean"), highlight=False)
        return
    for result in results:
        finding = result.finding
        mark = Text("✗", "red" if finding.mend is None else "yellow")
        if result.done or not finding.is_fault:
            mark = Text("✓", "green") if result.done else Text("·", "dim")
        console.print(Text.assemble(mark, " ", (harmless(finding.path), "bold")))
        detail = f" ({said(finding.detail)})" if finding.detail else ""
        console.print(Text(f"  {finding.meaning()[language()]}{detail}"))
        what = said(result.fault) or finding.repair()[language()]
        if finding.mend is not None and not repaired:
            what = words("fsck_would", what=what)
        console.print(Text(f"  → {what}", style="dim"))
    done = sum(result.done for result in results)
    mendable = sum(result.finding.mend is not None for result in results)
    key = "fsck_repaired" if repaired else "fsck_found"
    console.print(words(key, count=len(results), done=done, mendable=mendable), highlight=False)
