"""How a report is shown: a table for people, JSON for programs."""

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from merx.verify.model import CheckResult, Report

_NOT_A_TERMINAL_WIDTH = 160


def as_json(report: Report) -> str:
    """The report as one JSON document."""
    document = {"sound": report.sound, **msgspec.to_builtins(report)}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def show(report: Report, *, console: Console | None = None) -> None:
    """Print the table, then every broken row that is named."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console = Console(file=console.file, highlight=False, width=_NOT_A_TERMINAL_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("check", no_wrap=True)
    table.add_column("what holds")
    for name in ("rows", "breaks", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in report.results:
        table.add_row(
            result.code,
            Text(result.title),
            f"{result.examined:,}",
            _breaks(result),
            f"{result.seconds:.2f}",
        )
    console.print(table)
    for result in report.results:
        _show_breaks(result, console)
    broken = sum(result.breaks > 0 for result in report.results)
    skipped = sum(result.skipped is not None for result in report.results)
    ran = len(report.results) - skipped
    if report.sound:
        line = Text(f"\n{ran} checks in {report.seconds:.1f} s: everything holds.", style="green")
    else:
        line = Text(f"\n{ran} checks in {report.seconds:.1f} s: {broken} broken.", style="bold red")
    if skipped:
        line.append(f" {skipped} skipped.", style="yellow")
    console.print(line)


def _breaks(result: CheckResult) -> Text:
    if result.skipped is not None:
        return Text("skipped", style="yellow")
    return Text(f"{result.breaks:,}", style="bold red" if result.breaks else "green")


def _show_breaks(result: CheckResult, console: Console) -> None:
    if result.skipped is not None:
        console.print(Text(f"\n{result.code} was skipped: {result.skipped}.", style="yellow"))
    if result.breaks == 0:
        return
    console.print(Text(f"\n{result.code} {result.title}: {result.breaks:,} broken", style="bold red"))
    for each in result.named:
        console.print(Text(f"  {_plain(each.key)}: {_plain(each.detail)}"))
    if result.breaks > len(result.named):
        console.print(Text(f"  and {result.breaks - len(result.named):,} more"))


def _plain(text: str) -> str:
    """Without control characters: what is in a damaged row must not command the terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
