"""What the source says of itself: refusals, events, commands."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import click

import merx
from merx.cli import main
from merx.kit.errors import DomainError

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
    for module in pkgutil.walk_packages(merx.__path__, "merx."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: dict[str, set[type[DomainError]]] = {}
    for each in _below(DomainError):
        if each.__module__.startswith("merx."):
            found.setdefault(each.code, set()).add(each)
    return found


def _below(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def event_kinds() -> set[str]:
    """Every kind of event: the constants of events.py files, and the words written where an event is made."""
    constants = {
        value
        for path in SOURCE.glob("*/events.py")
        for name, value in _constants(ast.parse(path.read_text(encoding="utf-8")))
        if name.isupper()
    }
    return constants | {kind for path in SOURCE.rglob("*.py") for kind in _written_kinds(path)}


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield target.id, value.value


def _written_kinds(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Event"):
            continue
        kinds = [*node.args[:1], *(each.value for each in node.keywords if each.arg == "kind")]
        yield from (
            each.value for each in kinds if isinstance(each, ast.Constant) and isinstance(each.value, str)
        )


def commands() -> dict[str, click.Command]:
    """Every command of the program by its full name."""
    return dict(_commands("merx", main))


def _commands(name: str, group: click.Group) -> Iterator[tuple[str, click.Command]]:
    for child, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(f"{name} {child}", command)
        else:
            yield f"{name} {child}", command
