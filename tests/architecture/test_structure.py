"""The shape of the source: sizes, roots, where SQL lives, and that no work is left as a note."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.docs.source_facts import event_types
from tests.world.source import domain_packages

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "merx"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MODULE_LINES = 500
FUNCTION_LINES = 70
DOMAINS = set(domain_packages())
# The use cases that need several transactions: a provider is called between them, a batch is taken apart when one of it
# fails, a file is read in pieces, a password is hashed outside.
SEVERAL_TRANSACTIONS = {
    "accounts": {"log_in"},
    "checkout": {"place_orders"},
    "cashier": {
        "ask_in_doubt", "cancel_purchase", "capture_payment", "choose_method", "confirm_payments", "expire_unpaid",
        "receive_notice", "receive_reversal", "start_payment", "void_payment",
    },
    "refunds": {"ask_refunds", "send_refunds"},
    "importing": {"import_csv"},
    "reconciliation": {"fetch_bill", "match_bill"},
}  # fmt: skip
PUBLIC_SUBPACKAGES = {"merx.payments.providers"}
EDGES = {"storefront", "api"}
NOTE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


@cache
def _text(path: Path) -> str:
    return path.read_text()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(_text(path))


def _name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def _in(packages: set[str]) -> list[Path]:
    return [path for path in MODULES if path.relative_to(SOURCE).parts[0] in packages]


def test_modules_and_functions_fit_in_the_head() -> None:
    wrong = []
    for path in (*MODULES, *TESTS):
        name, text = path.relative_to(ROOT), _text(path)
        if text.count("\n") > MODULE_LINES:
            wrong.append(f"{name} has more than {MODULE_LINES} lines")
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > FUNCTION_LINES:
                    wrong.append(f"{name}: {node.name} has {length} lines")
    assert wrong == []


def test_no_work_is_left_as_a_note() -> None:
    assert [_name(path) for path in MODULES if NOTE.search(_text(path))] == []


def _imports(tree: ast.AST) -> list[str]:
    found = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    found += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return [name for name in found if name.startswith("merx.")]


def test_another_domain_is_imported_by_its_root() -> None:
    wrong = []
    for path in MODULES:
        own = path.relative_to(SOURCE).parts[0]
        for name in _imports(_tree(path)):
            domain = name.split(".")[1]
            inside = domain in DOMAINS and domain != own and name != f"merx.{domain}"
            if inside and not name.startswith(tuple(PUBLIC_SUBPACKAGES)):
                wrong.append(f"{_name(path)} imports {name}")
    assert wrong == []


def test_an_edge_holds_no_sql() -> None:
    assert [_name(path) for path in _in(EDGES) if "Sql(" in _text(path)] == []


def test_a_feature_of_an_edge_knows_the_core_and_no_other_feature() -> None:
    crossing = []
    for edge in EDGES:
        features = {path.name for path in (SOURCE / edge).iterdir() if (path / "__init__.py").exists()}
        for feature in features:
            known = {feature, "core"} if feature != "core" else {"core"}
            for path in (SOURCE / edge / feature).rglob("*.py"):
                named = re.findall(rf"merx\.{edge}(?:\.| import )(\w+)", _text(path))
                crossing += [(_name(path), name) for name in named if name in features - known]
    assert crossing == []


def test_only_edges_handlers_jobs_and_the_listed_use_cases_begin_transactions() -> None:
    begun = {
        _name(path)
        for path in _in(DOMAINS)
        if path.name not in {"handlers.py", "jobs.py"}
        and re.search(r"\bdb\.(?:transaction|snapshot|write)\(", _text(path))
    }
    assert begun == {
        f"{package}/{name}.py" for package, names in SEVERAL_TRANSACTIONS.items() for name in names
    }


def test_rows_of_the_driver_stay_in_the_stores() -> None:
    """What is read leaves a store as a struct or a plain value: nothing above depends on the names of columns."""
    stores = [path for path in _in(DOMAINS) if path.name == "store.py" or path.parent.name == "store"]
    above = [path for path in _in(DOMAINS | EDGES | {"queries", "verify"}) if path not in stores]
    named = re.compile(r"from merx\.infra\.db import [^\n]*\bRecord\b|asyncpg\.Record")
    assert [_name(path) for path in above if named.search(path.read_text())] == []


def test_infra_and_the_roots_know_no_payment_provider() -> None:
    providers = re.compile(r"alipay|wechat|stripe|bank_transfer|cash_on_delivery|\bcards?\b", re.IGNORECASE)
    own = [
        *_in({"infra", "kit"}),
        *(SOURCE / name for name in ("app.py", "supervise.py", "configuration.py")),
    ]
    assert [_name(path) for path in own if providers.search(_text(path))] == []


def test_no_money_is_a_float() -> None:
    for path in MODULES:
        if path.relative_to(SOURCE).parts[0] in DOMAINS | {"kit"}:
            for node in ast.walk(_tree(path)):
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    money = node.target.id in {
                        "amount",
                        "total",
                        "price",
                        "goods",
                        "shipping",
                        "tax",
                        "unit_price",
                    }
                    assert not (money and ast.unparse(node.annotation) == "float"), _name(path)


def test_an_event_is_named_by_its_type_and_never_by_a_string() -> None:
    """Descriptions may name it, and so may the list of what a module offers."""
    words = re.compile(rf"\b({'|'.join(each.__name__ for each in event_types())})\b")
    wrong = []
    for path in MODULES:
        tree = ast.parse(path.read_text())
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        offered = {
            id(name)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            for name in ast.walk(node.value)
        }
        wrong += [
            f"{_name(path)}:{node.lineno} {node.value[:60]!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if id(node) not in said | offered and words.search(node.value)
        ]
    assert wrong == []
