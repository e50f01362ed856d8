"""What a process opens, built from its settings."""

from base64 import b64encode
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from merx.accounts import UnknownAccount, register
from merx.app import edge_rules
from merx.commands.staff import add_staff, remove_staff
from merx.configuration import load_settings
from merx.infra.db import Database
from merx.payments.providers import CapturingProvider, ConfirmedByHand, Manner, payment_providers
from merx.payments.providers.alipay import AlipaySettings
from merx.services import master_keys
from merx.simulators import ensure_keys
from merx.simulators.alipay import ensure_certificates


def alipay_codes(home: Path, **variables: str) -> list[str]:
    settings = load_settings({"MERX_HOME": str(home), "MERX_SIMULATORS": "true", **variables})
    return [provider.code for provider in payment_providers(settings) if provider.code.startswith("alipay")]


def test_alipay_is_offered_as_a_cashier_and_in_the_demo_as_a_code(tmp_path: Path) -> None:
    ensure_keys(tmp_path / "simulators")
    assert alipay_codes(tmp_path) == ["alipay", "alipay_qr"]
    assert alipay_codes(tmp_path, MERX_ALIPAY_QR="false") == ["alipay"]
    assert load_settings({"MERX_HOME": str(tmp_path)}).of(AlipaySettings).alipay_qr is False


def test_alipay_is_built_from_certificates_alone(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path / "simulators")
    folder = keys.alipay_public_pem_path.parent
    ensure_certificates(
        folder,
        merchant_public_pem=keys.merchant_public_pem_path.read_text(),
        alipay_public_pem=keys.alipay_public_pem_path.read_text(),
    )
    keys.alipay_public_pem_path.unlink()
    codes = alipay_codes(
        tmp_path,
        MERX_ALIPAY_APP_CERT_FILE=str(folder / "merchant_cert.pem"),
        MERX_ALIPAY_CERT_FILE=str(folder / "alipay_cert.pem"),
        MERX_ALIPAY_ROOT_CERT_FILE=str(folder / "alipay_root_cert.pem"),
    )
    assert codes == ["alipay", "alipay_qr"]


def test_cards_are_offered_with_a_key_and_their_pages_may_be_gone_to(tmp_path: Path) -> None:
    keys = {"MERX_CARD_SECRET_KEY": "rk_live_x", "MERX_CARD_WEBHOOK_SECRETS": "whsec_x"}
    live = load_settings({"MERX_HOME": str(tmp_path), **keys})
    (card,) = payment_providers(live)
    assert (card.code, card.currencies) == ("card", frozenset({"CNY", "USD"}))
    assert edge_rules(live).form_targets == ("https://checkout.stripe.com",)
    without = load_settings({"MERX_HOME": str(tmp_path)})
    assert [provider.code for provider in payment_providers(without)] == []
    simulated = load_settings({"MERX_HOME": str(tmp_path), "MERX_SIMULATORS": "true"})
    assert "http://localhost:8093" in edge_rules(simulated).form_targets


ACCOUNT = {
    "MERX_BANK_TRANSFER_HOLDER": "Merx Ltd",
    "MERX_BANK_TRANSFER_BANK": "Bank",
    "MERX_BANK_TRANSFER_ACCOUNT": "A-1",
}


def test_peoples_methods_are_offered_by_their_settings_and_with_the_simulators(tmp_path: Path) -> None:
    ensure_keys(tmp_path / "simulators")
    home = {"MERX_HOME": str(tmp_path)}
    given = {**ACCOUNT, "MERX_BANK_TRANSFER_CURRENCIES": "USD", "MERX_CASH_ON_DELIVERY_COUNTRIES": "DE"}
    providers = payment_providers(load_settings({**home, **given, "MERX_BANK_TRANSFER_DAYS": "5"}))
    assert [each.code for each in providers] == ["bank_transfer", "cash_on_delivery"]
    assert providers.get("bank_transfer").currencies == frozenset({"USD"})
    assert providers.methods()["bank_transfer"].terms.deadline == timedelta(days=5)
    assert [each.code for each in providers.offered("USD", sellers=1, country="DE")] == [
        "bank_transfer",
        "cash_on_delivery",
    ]
    assert [each.code for each in providers.offered("CNY", sellers=2, country="DE")] == []
    assert (providers.manner("alipay"), providers.codes(CapturingProvider)) == (Manner.ONLINE, [])
    simulated = payment_providers(load_settings({**home, "MERX_SIMULATORS": "true"}))
    assert simulated.codes(ConfirmedByHand) == ["bank_transfer", "cash_on_delivery"]


async def test_who_may_confirm_is_appointed_by_e_mail(
    db: Database, now: datetime, tmp_path: Path, owner: asyncpg.Connection
) -> None:
    settings = load_settings(
        {
            "MERX_HOME": str(tmp_path),
            "MERX_DATABASE_URL": db.dsn,
            "MERX_MASTER_KEYS": f"k2:{b64encode(b'2' * 8 + bytes(range(24))).decode()}",
            "MERX_BLIND_INDEX_KEY": b64encode(bytes(range(32))).decode(),
        }
    )
    ring = master_keys(settings)
    async with db.transaction() as tx:
        account = await register(
            tx, ring, email="clerk@example.com", password_hash="-", name="Clerk", locale="en", now=now
        )
    for _ in range(2):
        assert await add_staff(settings, email="Clerk@Example.com") == "Clerk"
        assert await owner.fetchval("SELECT array_agg(account_id) FROM platform_staff") == [account.id]
    assert await remove_staff(settings, email="clerk@example.com") == "Clerk"
    assert await owner.fetchval("SELECT count(*) FROM platform_staff") == 0
    with pytest.raises(UnknownAccount):
        await add_staff(settings, email="nobody@example.com")
