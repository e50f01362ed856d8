"""A package's public names are there for somebody: another package uses each, or has to be able to name it."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

from merx.kit.events import Event
from merx.kit.states import StateTable

SOURCE = Path(__file__).parents[2] / "src" / "merx"
# Programs and edges: nothing stands above them.
TOPMOST = {"api", "bench", "demo", "simulators", "storefront", "verify"}
ONLY_TESTED = {
    "a step of a use case, which its tests take alone": {
        "merx.cashier.VerifiedNotice", "merx.cashier.apply_dispute", "merx.cashier.authorize_payment",
        "merx.cashier.confirm_payments", "merx.checkout.is_passing", "merx.accounts.verify_password",
        "merx.infra.http.status_of", "merx.infra.settings.CONFIG_FILE", "merx.infra.settings.OWN",
        "merx.infra.settings.settings_of", "merx.payments.approve_refund", "merx.pricing.delivery_charges",
        "merx.pricing.price_of", "merx.returns.ESCALATE_WITHIN", "merx.ledger.balance",
        "merx.reviews.seller_rating",
    },
    "what a person will do who manages an account or a catalogue": {
        "merx.accounts.revoke_all", "merx.catalog.set_media",
    },
    "what a notification says, which its tests fill in": {
        "merx.notifications.DisputeTold", "merx.notifications.OrderPaid", "merx.notifications.ParcelShipped",
        "merx.notifications.ReturnMoved",
    },
    "a provider and its guard, which tests and tutorials build": {
        "merx.payments.providers.BOUNDED", "merx.payments.providers.RESILIENT",
        "merx.payments.providers.BankTransferProvider", "merx.payments.providers.CashOnDeliveryProvider",
        "merx.payments.providers.offline.BankTransferSettings",
        "merx.payments.providers.offline.CashOnDeliverySettings",
    },
}  # fmt: skip


def _packages() -> Iterator[tuple[str, Path]]:
    for init in sorted(SOURCE.rglob("__init__.py")):
        parts = init.parent.relative_to(SOURCE).parts
        if not {*parts[:1]} & TOPMOST:
            yield ".".join(("merx", *parts)), init.parent


def _imports() -> dict[str, list[Path]]:
    """Who imports which name from which package."""
    found: dict[str, list[Path]] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    found.setdefault(f"{node.module}.{alias.name}", []).append(path)
                    found.setdefault(f"{node.module}.{alias.name}.*", []).append(path)
    return found


def _annotations(folder: Path) -> set[str]:
    """The names that the package's own fields, parameters and results are declared with."""
    declared = [
        annotation
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if annotation is not None
    ]
    return {name.id for annotation in declared for name in ast.walk(annotation) if isinstance(name, ast.Name)}


def _may_be_named(value: object) -> bool:
    """A refusal may be caught, an event heard, a table of states looked at."""
    return isinstance(value, StateTable) or (
        inspect.isclass(value) and issubclass(value, BaseException | Event)
    )


def test_every_public_name_is_there_for_somebody() -> None:
    imports = _imports()
    excepted = {name for names in ONLY_TESTED.values() for name in names}
    missing, unused = [], []
    for package, folder in _packages():
        module = importlib.import_module(package)
        annotated = _annotations(folder)
        for name in getattr(module, "__all__", ()):
            full = f"{package}.{name}"
            if not hasattr(module, name):
                missing.append(full)
            elif not (
                any(folder not in path.parents for path in imports.get(full, ()))
                or any(folder not in path.parents for path in imports.get(f"{package}.*", ()))
                or name in annotated
                or _may_be_named(getattr(module, name))
                or full in excepted
            ):
                unused.append(full)
    assert missing == []
    assert unused == []
