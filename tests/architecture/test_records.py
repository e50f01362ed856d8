"""Rows of the database are read where their SQL is: what leaves a store is a struct, a value or a tuple."""

import ast

from tests.architecture.test_structure import MODULES, SOURCE


def test_rows_of_the_database_stay_where_their_sql_is() -> None:
    wrong = set()
    for path in MODULES:
        name = path.relative_to(SOURCE)
        tree = ast.parse(path.read_text())
        if name.parts[0] == "infra" or not _imports(tree, "Record"):
            continue
        given_away = any(_gives_record(node) for node in tree.body)
        if given_away or not _imports(tree, "Sql"):
            wrong.add(str(name))
    assert wrong == set()


def _imports(tree: ast.Module, wanted: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module in ("merx.infra.db", "asyncpg")
        and any(alias.name == wanted for alias in node.names)
        for node in ast.walk(tree)
    )


def _gives_record(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.returns is None:
        return False
    return any(isinstance(part, ast.Name) and part.id == "Record" for part in ast.walk(node.returns))
