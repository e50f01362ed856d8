"""What the source says of itself: refusals, events, commands."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import click

import merx
from merx.cli import main
from merx.kit.errors import DomainError
from merx.kit.events import Event

Kind = TypeVar("Kind")
SOURCE = Path(merx.__path__[0])


def names_of(tree: ast.Module) -> set[str]:
    """What a module defines: functions, classes, their methods and constants."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            found |= {node.name, *(f"{node.name}.{method.name}" for method in methods)}
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def refusals() -> dict[str, set[type[DomainError]]]:
    """Every kind of refusal by its code, the base class left out."""
    _import_all()
    found: dict[str, set[type[DomainError]]] = {}
    for each in _below(DomainError):
        if each.__module__.startswith("merx."):
            found.setdefault(each.code, set()).add(each)
    return found


def _import_all() -> None:
    for module in pkgutil.walk_packages(merx.__path__, "merx."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _below(kind: type[Kind]) -> Iterator[type[Kind]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def event_types() -> list[type[Event]]:
    """Every type of event that can be published, by name: what stands above them only shares fields."""
    _import_all()
    found = [
        each for each in _below(Event) if each.__module__.startswith("merx.") and not each.__subclasses__()
    ]
    return sorted(found, key=lambda each: each.__name__)


def commands() -> dict[str, click.Command]:
    """Every command of the program by its full name."""
    return dict(_commands("merx", main))


def _commands(name: str, group: click.Group) -> Iterator[tuple[str, click.Command]]:
    for child, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(f"{name} {child}", command)
        else:
            yield f"{name} {child}", command
