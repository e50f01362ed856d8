"""Addresses of pages are written in the table of links and at their routes, nowhere else."""

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from merx.kit import links

SOURCE = Path(__file__).parents[2] / "src" / "merx"
TABLE = SOURCE / "kit" / "links.py"
# Programs of their own, with addresses of their own; the bench measures addresses as a stranger asks for them.
STRANGERS = {"simulators", "bench"}
ROUTES = {"get", "post", "put", "patch", "delete"}
SLOT = "{}"
TYPED = re.compile(r"\{\w+:\w+\}")
IN_TEMPLATE = re.compile(r"""(?<=["'])/(?!>)(?:\{\{.*?\}\}|[^"'\s<>])*""")


def _tables_addresses() -> set[str]:
    functions = [
        each for _, each in inspect.getmembers(links, inspect.isfunction) if each.__module__ == links.__name__
    ]
    return {
        link(
            *(
                SLOT
                for each in inspect.signature(link).parameters.values()
                if each.default is inspect.Parameter.empty
            )
        )
        for link in functions
    }


TABLES = _tables_addresses()


def _path(text: str) -> str:
    return re.split(r"[?#]", text, maxsplit=1)[0]


def _spelled_in_template(text: str) -> Iterator[str]:
    for found in IN_TEMPLATE.findall(text):
        yield _path(re.sub(r"\{\{.*?\}\}", SLOT, found))


def _spelled_in_module(tree: ast.Module) -> Iterator[str]:
    """Its addresses; a lone slash is more often what parts two things than the first page."""
    routes = {
        id(part)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ROUTES
        for part in ast.walk(call)
    }
    parts = {id(part) for each in ast.walk(tree) if isinstance(each, ast.JoinedStr) for part in each.values}
    for node in ast.walk(tree):
        if id(node) in routes or id(node) in parts:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else SLOT for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if re.match(r"/[^\s/]", text) and not TYPED.search(text):
            yield _path(text)


def _spelled() -> dict[str, set[str]]:
    """Where each address is spelled, but for the table and routes."""
    found = defaultdict(set)
    for path in SOURCE.rglob("*"):
        name = path.relative_to(SOURCE)
        if path == TABLE or name.parts[0] in STRANGERS:
            continue
        if path.suffix == ".html":
            spelled = _spelled_in_template(path.read_text())
        elif path.suffix == ".py":
            spelled = _spelled_in_module(ast.parse(path.read_text()))
        else:
            continue
        for address in spelled:
            found[address].add(str(name))
    return found


def _is_linked(address: str) -> bool:
    """Whether the table has the address; a name in a slot is as good as the slot."""
    return any(re.fullmatch(re.escape(each).replace(re.escape(SLOT), "[^/]+"), address) for each in TABLES)


def test_only_the_table_and_the_routes_spell_the_address_of_a_page() -> None:
    wrong = {address: files for address, files in _spelled().items() if _is_linked(address)}
    assert wrong == {}


def test_an_address_that_two_files_need_has_a_name() -> None:
    pages = {address.split("/")[1] for address in TABLES} - {""}
    wrong = {
        address: files
        for address, files in _spelled().items()
        if address.split("/")[1] in pages and len(files) > 1
    }
    assert wrong == {}


def test_a_spelled_address_is_found() -> None:
    module = ast.parse(
        'def f(x):\n    return f"/purchases/{x.id}/orders/{x.order}?a=b"\n@get("/orders")\ndef g(): ...'
    )
    assert list(_spelled_in_module(module)) == ["/purchases/{}/orders/{}"]
    template = '<a href="/orders?after={{ view.next }}"><form action="/cart/lines/{{ line.id }}">'
    assert list(_spelled_in_template(template)) == ["/orders", "/cart/lines/{}"]
