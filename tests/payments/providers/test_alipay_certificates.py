"""Certificate mode: the numbers are a third party's, and only Alipay's own certificates are believed."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from alipay import DCAliPay
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from merx.payments.providers import (
    AlipayCertificates,
    AlipayProvider,
    NoticeRejected,
    PaymentRequest,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
)
from merx.payments.providers.alipay.certificates import read_certificates
from merx.payments.providers.alipay.signing import load_private_key
from merx.simulators import AlipaySimulator, NoticeAnswer
from merx.simulators.alipay.certificates import new_certificates
from merx.simulators.keys import new_key_pair

# The third party's client reads certificates by functions that its library is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:X509:DeprecationWarning")
NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
NUMBER = "M20260301_0001"
Connect = Callable[..., AlipayProvider]
OTHER = new_key_pair()


@pytest.fixture
async def notices() -> list[bytes]:
    return []


@pytest.fixture
async def simulator(notices: list[bytes]) -> AsyncIterator[AlipaySimulator]:
    """A simulator that knows certificates."""

    async def send(_url: str, body: bytes, _headers: object) -> NoticeAnswer:
        notices.append(body)
        return NoticeAnswer(200, b"success")

    simulator = AlipaySimulator.in_memory(now=NOW, send_notice=send, with_certificates=True)
    yield simulator
    simulator.close()


@pytest.fixture
def files(simulator: AlipaySimulator) -> AlipayCertificates:
    made = simulator.certificates
    assert made is not None
    return AlipayCertificates(
        app_cert_pem=made.app_pem, alipay_cert_pem=made.alipay_pem, root_cert_pem=made.root_pem
    )


def others(simulator: AlipaySimulator) -> AlipayCertificates:
    """Certificates of the same merchant and of another Alipay, by another root."""
    key = load_private_key(simulator.merchant_private_pem).public_key()
    made = new_certificates(
        merchant_public_pem=key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii"),
        alipay_public_pem=OTHER.public_pem,
        now=NOW,
    )
    return AlipayCertificates(
        app_cert_pem=made.app_pem, alipay_cert_pem=made.alipay_pem, root_cert_pem=made.root_pem
    )


async def test_a_payment_runs_from_link_to_refund_with_certificates_alone(
    connect: Connect,
    files: AlipayCertificates,
    simulator: AlipaySimulator,
    browser: httpx.AsyncClient,
    notices: list[bytes],
    request_of: Callable[..., PaymentRequest],
) -> None:
    provider = connect(alipay_public_key_pem=None, certificates=files)
    request = request_of()
    page = await browser.get((await provider.start(request)).url, follow_redirects=True)
    await browser.post(f"{page.url.path}/pay")
    await simulator.deliver_due()
    assert provider.parse_notice({}, notices[0]).status is ProviderStatus.CAPTURED
    assert (await provider.query(NUMBER)).status is ProviderStatus.CAPTURED
    assert await provider.refund(number=NUMBER, refund_number="R1", amount=request.amount) is True


def test_the_numbers_are_those_of_a_third_partys_client(
    simulator: AlipaySimulator, files: AlipayCertificates
) -> None:
    mode = read_certificates(files, load_private_key(simulator.merchant_private_pem))
    assert mode.app_cert_sn == DCAliPay.get_cert_sn(files.app_cert_pem)
    assert mode.root_cert_sn == DCAliPay.get_root_cert_sn(files.root_cert_pem)
    assert list(mode.alipay_keys) == [DCAliPay.get_cert_sn(files.alipay_cert_pem)]


def test_several_roots_are_named_together_and_those_without_rsa_left_out(
    simulator: AlipaySimulator, files: AlipayCertificates
) -> None:
    more = f"{files.root_cert_pem}\n{others(simulator).root_cert_pem}"
    mode = read_certificates(
        msgspec.structs.replace(files, root_cert_pem=more), load_private_key(simulator.merchant_private_pem)
    )
    assert mode.root_cert_sn == DCAliPay.get_root_cert_sn(more)
    assert mode.root_cert_sn.count("_") == 1


async def test_an_answer_under_a_certificate_we_do_not_have_leaves_the_outcome_unknown(
    connect: Connect, files: AlipayCertificates, simulator: AlipaySimulator
) -> None:
    foreign = msgspec.structs.replace(files, alipay_cert_pem=others(simulator).alipay_cert_pem)
    provider = connect(alipay_public_key_pem=None, certificates=foreign)
    with pytest.raises(ProviderUnavailable) as caught:
        await provider.query(NUMBER)
    assert caught.value.params["reason"] == "the answer is signed with another certificate"


async def test_around_a_renewal_both_of_alipays_certificates_are_believed(
    connect: Connect, files: AlipayCertificates, simulator: AlipaySimulator
) -> None:
    both = files.alipay_cert_pem + others(simulator).alipay_cert_pem
    provider = connect(
        alipay_public_key_pem=None, certificates=msgspec.structs.replace(files, alipay_cert_pem=both)
    )
    assert (await provider.query(NUMBER)).status is ProviderStatus.UNKNOWN


async def test_a_notice_of_another_signer_is_rejected(
    connect: Connect,
    files: AlipayCertificates,
    simulator: AlipaySimulator,
    notices: list[bytes],
    provider: AlipayProvider,
    request_of: Callable[..., PaymentRequest],
    browser: httpx.AsyncClient,
) -> None:
    await browser.get((await provider.start(request_of())).url, follow_redirects=True)
    simulator.pay(NUMBER)
    await simulator.deliver_due()
    foreign = msgspec.structs.replace(files, alipay_cert_pem=others(simulator).alipay_cert_pem)
    with pytest.raises(NoticeRejected):
        connect(alipay_public_key_pem=None, certificates=foreign).parse_notice({}, notices[0])


async def test_certificates_the_gateway_does_not_know_are_refused(
    connect: Connect, files: AlipayCertificates, simulator: AlipaySimulator
) -> None:
    for field, code in (("app_cert_pem", "app-cert-sn"), ("root_cert_pem", "alipay-root-cert-sn")):
        wrong = msgspec.structs.replace(files, **{field: getattr(others(simulator), field)})
        with pytest.raises(ProviderRefused) as caught:
            await connect(alipay_public_key_pem=None, certificates=wrong).query(NUMBER)
        assert caught.value.params["reason"] == f"40002 isv.invalid-{code}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"app_cert_pem": ""}, "the Alipay application certificate holds no certificate in PEM"),
        ({"alipay_cert_pem": "no certificate"}, "the Alipay certificate holds no certificate in PEM"),
        ({"root_cert_pem": ""}, "the Alipay root certificate holds no RSA certificate in PEM"),
    ],
)
def test_files_without_certificates_are_refused_at_start(
    connect: Connect, files: AlipayCertificates, change: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        connect(alipay_public_key_pem=None, certificates=msgspec.structs.replace(files, **change))


def test_a_certificate_of_another_private_key_is_refused_at_start(
    connect: Connect, files: AlipayCertificates
) -> None:
    with pytest.raises(ValueError, match="belongs to another private key"):
        connect(alipay_public_key_pem=None, certificates=files, private_key_pem=OTHER.private_pem)
