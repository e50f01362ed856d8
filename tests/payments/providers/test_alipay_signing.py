"""RSA2: fixed vector made with the OpenSSL command line, round trips, and tampering."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.payments.providers.alipay.signing import (
    is_signed,
    load_private_key,
    load_public_key,
    notice_text,
    request_text,
    sign,
)
from merx.simulators.keys import new_key_pair

PUBLIC_PEM = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA94TYUK8N02adC8pC/jWi
VkBw6OKOOI8OjWYd30C9Pd+1tplRwj+/yDTkrLsI3UOoA3hx1BtgaXqLL9dLviwZ
480zSlthjtEzo6/V4T/ZUkw1DdQAYy8WVLjczP9EydcXLm6Lvg0Ija7tRYhNc+Bc
UTR7ySQZL4+fSaRa/oiJi/ond/huaXPfODovSer3UZbLY9BkwC+BZzfLKuVsIt9U
QyHFuc0Rr06oSO5k5YctwXCWhOWTgBTxEYNskhWTsZTIFRT1alrK60I21ekUbODP
Be1MBwOdHtdaDilZkYwFeGri210TSkVfGRvYd+AYOitxVx2Q5CnS7/nDOPR9p7io
YQIDAQAB
-----END PUBLIC KEY-----
"""
SIGNATURE = (
    "HRWyy0obTruMoZNwCudoaYblj3isVGx9mauCKFDX9J0tIoQaebsqL4VRDBvCBw5A5XhJMYjEg02/nkW4q/ojd/oY"
    "sXRf24Rd9mi443H5Po02mRmIHUSCc65ZHWsvB91/oEcKSfoIdjbLOGWFch5PWedWOA5PHvkjXYiMMRPpeL1BNT//"
    "erUtSSrLG6cWbzGJG2MerPIHxb5/NDEV22W842AzpVO1yvFsJ8YQUeXV+7qp18CVre5XTcqKTGzggauJj7ier6Gn"
    "de1ZFd5AgUxVG6A6SYnFth+Pmh01DmTUsHEqS7/PuweBU34WpsqZffjFUnjte3VRqPwmoQA2lun58w=="
)
PARAMETERS = {
    "z": "x=y&w",
    "total_amount": "0.01",
    "subject": "红茶 + 绿茶",
    "passback_params": "a%3D1",
    "charset": "utf-8",
    "app_id": "9021000100000001",
    "sign_type": "RSA2",
    "sign": SIGNATURE,
}
PAIR = new_key_pair()
PRIVATE_KEY, PUBLIC_KEY = load_private_key(PAIR.private_pem), load_public_key(PAIR.public_pem)


def test_openssl_signature_over_a_notice_is_valid() -> None:
    assert notice_text(PARAMETERS) == (
        "app_id=9021000100000001&charset=utf-8&passback_params=a%3D1"
        "&subject=红茶 + 绿茶&total_amount=0.01&z=x=y&w"
    )
    assert is_signed(notice_text(PARAMETERS), SIGNATURE, load_public_key(PUBLIC_PEM))


@pytest.mark.parametrize("name", sorted(set(PARAMETERS) - {"sign", "sign_type"}))
def test_changing_any_field_breaks_the_signature(name: str) -> None:
    key = load_public_key(PUBLIC_PEM)
    longer = PARAMETERS | {name: PARAMETERS[name] + "0"}
    without = {key: value for key, value in PARAMETERS.items() if key != name}
    assert not is_signed(notice_text(longer), SIGNATURE, key)
    assert not is_signed(notice_text(without), SIGNATURE, key)
    assert not is_signed(notice_text(PARAMETERS | {"added": "1"}), SIGNATURE, key)


@pytest.mark.parametrize(
    "signature",
    ["", "====", "not base64!", "签名", SIGNATURE[:-4], SIGNATURE + "\n", SIGNATURE[::-1], "AAAA"],
)
def test_a_broken_signature_is_refused_without_an_error(signature: str) -> None:
    assert not is_signed(notice_text(PARAMETERS), signature, load_public_key(PUBLIC_PEM))


def test_a_request_signs_its_sign_type_and_leaves_out_empty_values() -> None:
    assert request_text({"sign": "x", "b": "", "sign_type": "RSA2", "a": "1 2"}) == "a=1 2&sign_type=RSA2"


def test_a_notice_leaves_out_its_sign_type_and_keeps_empty_values() -> None:
    assert notice_text({"sign": "x", "b": "", "sign_type": "RSA2", "a": "1"}) == "a=1&b="


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_signed_by_us_verifies_with_our_public_key_only(text: str) -> None:
    signature = sign(text, PRIVATE_KEY)
    assert is_signed(text, signature, PUBLIC_KEY)
    assert not is_signed(text, signature, load_public_key(PUBLIC_PEM))
    assert not is_signed(text + "x", signature, PUBLIC_KEY)


def test_a_key_that_is_no_rsa_key_is_refused() -> None:
    with pytest.raises(ValueError, match="PEM"):
        load_public_key("no key")
