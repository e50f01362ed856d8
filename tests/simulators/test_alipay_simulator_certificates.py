"""Certificates of the simulated Alipay: kept, made again when they no longer fit, and optional for each call."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.world.merchant import Shop, verifies

from merx.simulators import AlipaySimulator
from merx.simulators.alipay import ensure_certificates
from merx.simulators.alipay.certificates import numbers
from merx.simulators.keys import new_key_pair

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
MERCHANT, ALIPAY, OTHER = new_key_pair(), new_key_pair(), new_key_pair()


@pytest.fixture
def certified(shop: Shop) -> AlipaySimulator:
    shop.simulator = AlipaySimulator.in_memory(now=NOW, with_certificates=True)
    return shop.simulator


async def answer(shop: Shop, **more: str) -> str:
    async with httpx.AsyncClient(transport=shop.simulator.transport(), base_url="http://alipay.test") as web:
        return (
            await web.post(
                "/gateway.do", data=shop.call("alipay.trade.query", {"out_trade_no": "M1"}, **more)
            )
        ).text


async def test_a_call_with_certificates_is_answered_with_the_number_of_alipays(
    shop: Shop, certified: AlipaySimulator
) -> None:
    assert certified.certificates is not None
    known = numbers(certified.certificates)
    text = await answer(shop, app_cert_sn=known.app, alipay_root_cert_sn=known.root)
    head, signed, tail = '{"alipay_trade_query_response":', text[31 : text.rindex(',"alipay_cert_sn"')], '"}'
    assert text.startswith(head)
    named = text.partition(f',"alipay_cert_sn":"{known.alipay}","sign":"')[2].removesuffix(tail)
    assert verifies(signed, named, certified.alipay_public_pem)


@pytest.mark.usefixtures("certified")
async def test_a_call_without_certificates_is_answered_without(shop: Shop) -> None:
    text = await answer(shop)
    assert "ACQ.TRADE_NOT_EXIST" in text
    assert "alipay_cert_sn" not in text


async def test_wrong_numbers_and_a_simulator_without_certificates_refuse(
    shop: Shop, certified: AlipaySimulator
) -> None:
    assert certified.certificates is not None
    known = numbers(certified.certificates)
    assert "isv.invalid-app-cert-sn" in await answer(shop, app_cert_sn="0", alipay_root_cert_sn=known.root)
    assert "isv.invalid-alipay-root-cert-sn" in await answer(shop, app_cert_sn=known.app)
    shop.simulator = AlipaySimulator.in_memory(now=NOW)
    assert "isv.invalid-app-cert-sn" in await answer(
        shop, app_cert_sn=known.app, alipay_root_cert_sn=known.root
    )


def test_certificates_are_kept_and_made_again_for_another_key(tmp_path: Path) -> None:
    def ensure(merchant: str, alipay: str) -> tuple[str, str, str]:
        made = ensure_certificates(tmp_path, merchant_public_pem=merchant, alipay_public_pem=alipay)
        return made.app_pem, made.alipay_pem, made.root_pem

    first = ensure(MERCHANT.public_pem, ALIPAY.public_pem)
    assert ensure(MERCHANT.public_pem, ALIPAY.public_pem) == first
    assert (tmp_path / "merchant_cert.pem").read_text() == first[0]
    changed = ensure(MERCHANT.public_pem, OTHER.public_pem)
    assert not set(changed) & set(first)
    (tmp_path / "alipay_root_cert.pem").unlink()
    assert not set(ensure(MERCHANT.public_pem, OTHER.public_pem)) & set(changed)
