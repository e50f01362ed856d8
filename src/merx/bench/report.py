"""How a run is shown: a table for people, JSON for programs."""

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from merx.bench.model import Line, Machine


def print_machine(console: Console, machine: Machine) -> None:
    """Where the figures come from."""
    shown = ", ".join(f"{name} = {value}" for name, value in machine.durability.items())
    console.print(
        f"{machine.cores} cores · a durable write takes {machine.flush_ms:.2f} ms · PostgreSQL {machine.postgres}: {shown}",
        highlight=False,
    )


def print_lines(lines: Sequence[Line], *, as_json: bool) -> None:
    """Write the lines to standard output."""
    if as_json:
        sys.stdout.write(
            msgspec.json.format(msgspec.json.encode(as_document(lines)), indent=2).decode() + "\n"
        )
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "figure", "unit", "floor", "ratio", "required", ""):
        left = heading in {"name", "unit", ""}
        table.add_column(heading, justify="left" if left else "right", no_wrap=heading != "")
    for line in lines:
        table.add_row(
            line.name,
            number(line.figure),
            line.unit,
            "–" if line.floor is None else number(line.floor),
            "–" if line.ratio is None else f"{line.ratio:.2f} ×",
            str(line.required),
            ("[green]ok[/]" if line.ok else "[bold red]too slow[/]")
            + (f"  [dim]{line.note}[/]" if line.note else ""),
        )
    Console().print(table)


def number(figure: float) -> str:
    """Three significant digits or more, with thousands separated."""
    return f"{figure:,.0f}" if figure >= 100 or figure == int(figure) else f"{figure:.1f}"


def as_document(lines: Sequence[Line]) -> dict[str, dict[str, object]]:
    """The lines by name, as `--json` prints them."""
    return {
        line.name: {
            "figure": round(line.figure, 2),
            "unit": line.unit,
            "floor": None if line.floor is None else round(line.floor, 2),
            "ratio": None if line.ratio is None else round(line.ratio, 3),
            "required": str(line.required),
            "ok": line.ok,
        }
        for line in lines
    }
