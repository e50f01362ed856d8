"""The rows of a past: for each number one purchase of one order, with two lines, paid."""

from typing import Final

from merx.bench.store import CART_KIND, CURRENCY, PRICE, SHIPPING, TOTAL, VARIANT_KIND, id_of
from merx.infra.db import Sql
from merx.orders import OrderPaid, PurchasePlaced

FIRST_CART: Final = 1_000_000_000
"""Where the numbers of past carts begin: far from those of carts that wait."""
_AT: Final = "timestamptz '2026-01-01 00:00Z' + i * interval '20 seconds'"
_RANGE: Final = "generate_series($1::bigint, $1 + $2::bigint - 1) i"
_LINES: Final = f"{_RANGE}, generate_series(0, 1) line"
_TAX: Final = round(PRICE * 1300 / 11300)
_SHIPPING_TAX: Final = round(SHIPPING * 1300 / 11300)
_GOODS: Final = 2 * PRICE
_ALL_TAX: Final = 2 * _TAX + _SHIPPING_TAX
_NUMBER: Final = "'260101' || upper(lpad(to_hex(i * 68719476735 % 1099511627776), 10, '0'))"
_PURCHASE, _ORDER, _PAYMENT = "9cec0000", "04de4000", "9a900000"
_LINE, _HOLD, _PERSON, _EVENT = "11ce0000", "401d0000", "9e450000", "e5e47000"
_CART: Final = id_of(CART_KIND, f"{FIRST_CART} + i")
_VARIANT: Final = id_of(VARIANT_KIND, "1 + (i * 7919 + line * 4801) % (SELECT count(*) FROM variants)")
_ALLOTMENT: Final = id_of("a1107000", "1 + 2 * ((i * 7919 + line * 4801) % (SELECT count(*) FROM variants))")
_TOKEN: Final = "sha256(convert_to('past-' || i, 'UTF8'))"  # noqa: S105 - SQL
_SEALED: Final = "decode(repeat(md5(i::text), 14), 'hex')"
_SELLER: Final = id_of("5e11e400", "i % 3 + 1")


def _rows(table: str, columns: str, values: str, *, source: str = _RANGE) -> Sql:
    return Sql(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {source}")  # noqa: S608 - our own words


TABLES: Final = (
    "carts", "cart_lines", "idempotency_keys", "purchases", "purchase_addresses", "orders", "order_lines", "holds",
    "movements", "payments", "payment_events", "transfers", "events",
)  # fmt: skip

STATEMENTS: Final = (
    _rows(
        "carts",
        "id, token_hash, person_id, currency, locale, state, address_sealed, country, delivery, provider, purchase_id, "
        "version, created_at, updated_at",
        f"{_CART}, {_TOKEN}, {id_of(_PERSON, 'i')}, '{CURRENCY}', 'zh-CN', 'completed', {_SEALED}, 'CN', 'standard', "
        f"'alipay', {id_of(_PURCHASE, 'i')}, 7, {_AT}, {_AT}",
    ),
    _rows(
        "cart_lines",
        "cart_id, variant_id, quantity, added_at",
        f"{_CART}, {_VARIANT}, 1, {_AT}",
        source=_LINES,
    ),
    _rows(
        "idempotency_keys",
        "scope, key, request_hash, outcome, created_at",
        f"'place:' || {_CART}, 'past-' || i, {_TOKEN}, jsonb_build_object('outcome', 'placed', 'purchase_id', "
        f"{id_of(_PURCHASE, 'i')}, 'number', {_NUMBER}, 'total', {TOTAL}, 'currency', '{CURRENCY}'), {_AT}",
    ),
    _rows(
        "purchases",
        "id, number, cart_id, person_id, access_hash, state, currency, goods, shipping, tax, total, locale, delivery, "
        "provider, expires_at, placed_at, paid_at, version",
        f"{id_of(_PURCHASE, 'i')}, {_NUMBER}, {_CART}, {id_of(_PERSON, 'i')}, {_TOKEN}, 'placed', '{CURRENCY}', {_GOODS}, "
        f"{SHIPPING}, {_ALL_TAX}, {TOTAL}, 'zh-CN', 'standard', 'alipay', {_AT} + interval '30 minutes', {_AT}, {_AT}, 2",
    ),
    _rows(
        "purchase_addresses",
        "purchase_id, person_id, sealed, country",
        f"{id_of(_PURCHASE, 'i')}, {id_of(_PERSON, 'i')}, {_SEALED}, 'CN'",
    ),
    _rows(
        "orders",
        "id, purchase_id, number, seller_id, state, paid, currency, goods, shipping, shipping_tax_bp, "
        "shipping_tax, tax, total, placed_at, version",
        f"{id_of(_ORDER, 'i')}, {id_of(_PURCHASE, 'i')}, {_NUMBER} || '-1', {_SELLER}, 'placed', true, '{CURRENCY}', "
        f"{_GOODS}, {SHIPPING}, 1300, {_SHIPPING_TAX}, {_ALL_TAX}, {TOTAL}, {_AT}, 2",
    ),
    _rows(
        "order_lines",
        "id, order_id, purchase_id, position, product_id, variant_id, sku, title, label, quantity, unit_price, "
        "price_version, total, tax_rate_bp, tax",
        f"{id_of(_LINE, '2 * i + line')}, {id_of(_ORDER, 'i')}, {id_of(_PURCHASE, 'i')}, line, v.product_id, v.id, v.sku, "
        f"p.title, v.label, 1, {PRICE}, 1, {PRICE}, 1300, {_TAX}",
        source=f"{_RANGE} CROSS JOIN generate_series(0, 1) line JOIN variants v ON v.id = {_VARIANT} "
        "JOIN products p ON p.id = v.product_id",
    ),
    _rows(
        "holds",
        "id, allotment_id, subject_id, purchase_id, order_line_id, quantity, state, expires_at, created_at",
        f"{id_of(_HOLD, '2 * i + line')}, {_ALLOTMENT}, {_VARIANT}, {id_of(_PURCHASE, 'i')}, {id_of(_LINE, '2 * i + line')}, "
        f"1, 'consumed', {_AT} + interval '32 minutes', {_AT}",
        source=_LINES,
    ),
    _rows(
        "movements",
        "cause_id, kind, allotment_id, subject_id, held_delta, sold_delta, created_at",
        f"{id_of(_HOLD, '2 * i + line')}, kind, {_ALLOTMENT}, {_VARIANT}, held, sold, {_AT}",
        source=f"{_LINES}, (VALUES ('hold', 1, 0), ('sell', -1, 1)) AS m (kind, held, sold)",
    ),
    _rows(
        "payments",
        "id, purchase_id, provider, number, state, currency, amount, captured, provider_reference, expires_at, started_at, "
        "captured_at, created_at, version",
        f"{id_of(_PAYMENT, 'i')}, {id_of(_PURCHASE, 'i')}, 'alipay', {_NUMBER} || 'P1', 'captured', '{CURRENCY}', {TOTAL}, "
        f"{TOTAL}, 'past-' || i, {_AT} + interval '30 minutes', {_AT}, {_AT}, {_AT}, 3",
    ),
    _rows(
        "payment_events",
        "payment_id, purchase_id, kind, reference, amount, currency, source, occurred_at, recorded_at",
        f"{id_of(_PAYMENT, 'i')}, {id_of(_PURCHASE, 'i')}, 'captured', 'past-' || i, {TOTAL}, '{CURRENCY}', 'notice', "
        f"{_AT}, {_AT}",
    ),
    _rows(
        "transfers",
        "cause_id, leg, purchase_id, debit_kind, debit_owner, credit_kind, credit_owner, currency, amount, created_at",
        f"{id_of(_ORDER, 'i')}, leg, {id_of(_PURCHASE, 'i')}, debit, {id_of(_PURCHASE, 'i')}, credit, {_SELLER}, "
        f"'{CURRENCY}', amount, {_AT}",
        source=f"{_RANGE}, (VALUES ('sale:goods', 'customer_receivable', 'seller_pending', {_GOODS - 2 * _TAX}), "
        f"('sale:shipping', 'customer_receivable', 'shipping', {SHIPPING - _SHIPPING_TAX}), "
        f"('sale:tax', 'customer_receivable', 'tax', {_ALL_TAX}), "
        f"('capture', 'provider_clearing', 'customer_receivable', {TOTAL})) AS t (leg, debit, credit, amount)",
    ),
    _rows(
        "events",
        "id, kind, subject_id, data, created_at",
        f"{id_of(_EVENT, '2 * i + paid')}, CASE paid WHEN 0 THEN '{PurchasePlaced.__name__}' "
        f"ELSE '{OrderPaid.__name__}' END, "
        f"{id_of(_PURCHASE, 'i')}, jsonb_build_object('number', {_NUMBER}, 'total', {TOTAL}, 'currency', '{CURRENCY}', "
        f"'orders', 1, 'availability_of', jsonb_build_array(), 'order_id', {id_of(_ORDER, 'i')}, "
        f"'order_number', {_NUMBER} || '-1', 'seller_id', {_SELLER}), {_AT}",
        source=f"{_RANGE}, generate_series(0, 1) paid",
    ),
)
