"""Carts: what is in them, what they cost now and why, and what can be chosen for them."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.accounts import PostalAddress
from merx.cart import Cart, CartLineView, cart_view
from merx.infra.crypto import MasterKeys
from merx.infra.db import ReadTx
from merx.kit.i18n import Text
from merx.kit.money import Money
from merx.payments.providers import ProviderRegistry
from merx.pricing import OrderQuote, explain
from merx.queries.addresses import opened_address
from merx.queries.catalog import shown_stock
from merx.queries.offers import deliveries_for
from merx.queries.order_lines import OrderTotals
from merx.queries.pictures import SeenPicture, picture
from merx.queries.promotions import CartPromotions, cart_promotions
from merx.queries.totals import Explained, explanation, maybe_money, quote_totals, totals


class SeenCartLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with what it costs now. `problem`: unavailable, no_price, out_of_stock, insufficient_stock, or null."""

    variant_id: UUID
    product_id: UUID | None
    seller_id: UUID | None
    sku: str | None
    slug: str | None
    title: Text
    label: Text
    picture: SeenPicture | None
    quantity: int
    unit_price: Money | None
    total: Money | None
    available: int
    problem: str | None


class SeenCart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart priced at this moment. `problems` is what keeps it from being ordered."""

    id: UUID
    state: str
    currency: str
    locale: str
    version: int
    lines: list[SeenCartLine]
    totals: OrderTotals | None
    codes: list[str]
    promotions: CartPromotions
    address: PostalAddress | None
    delivery: str | None
    payment_method: str | None
    problems: list[str]
    purchase_id: UUID | None


class QuotedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What one seller charges."""

    seller_id: UUID
    totals: OrderTotals
    free_shipping: bool


class OfferedMethod(msgspec.Struct, frozen=True, kw_only=True):
    """Who can be paid through."""

    code: str
    label: Text


class DeliveryOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A way of delivery that every seller of the cart offers, and what it costs for these goods."""

    method: str
    amount: Money


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """What may be chosen for this cart."""

    delivery_methods: list[DeliveryOffer]
    payment_methods: list[OfferedMethod]


class SeenQuote(msgspec.Struct, frozen=True, kw_only=True):
    """What the cart costs at this moment and why. Order it with `totals.total` as expected_total."""

    cart_id: UUID
    version: int
    totals: OrderTotals | None
    orders: list[QuotedOrder]
    explanation: list[Explained]
    promotions: CartPromotions
    offers: Offers
    problems: list[str]


# ---------------------------------------------------------------- carts


async def seen_cart(tx: ReadTx, keys: MasterKeys, *, cart: Cart, now: datetime) -> SeenCart:
    """A cart priced now."""
    found = await cart_view(tx, cart=cart, now=now)
    return SeenCart(
        id=cart.id,
        state=cart.state,
        currency=cart.currency,
        locale=cart.locale,
        version=cart.version,
        lines=[_cart_line(line, cart.currency) for line in found.lines],
        totals=quote_totals(found.quote),
        codes=cart.codes,
        promotions=cart_promotions(cart, found.promotions),
        address=await opened_address(tx, keys, person_id=cart.person_id, sealed=cart.address_sealed),
        delivery=cart.delivery,
        payment_method=cart.provider,
        problems=found.problems,
        purchase_id=cart.purchase_id,
    )


def _cart_line(line: CartLineView, currency: str) -> SeenCartLine:
    return SeenCartLine(
        variant_id=line.variant_id,
        product_id=line.product_id,
        seller_id=line.seller_id,
        sku=line.sku,
        slug=line.slug,
        title=line.title,
        label=line.label,
        picture=picture(line.picture) if line.picture else None,
        quantity=line.quantity,
        unit_price=maybe_money(line.unit_price, currency),
        total=maybe_money(line.total, currency),
        available=shown_stock(line.available),
        problem=line.problem,
    )


async def seen_quote(tx: ReadTx, providers: ProviderRegistry, *, cart: Cart, now: datetime) -> SeenQuote:
    """What a cart costs now, why, and what can be chosen for it."""
    found = await cart_view(tx, cart=cart, now=now)
    quote = found.quote
    orders = quote.orders if quote else []
    deliveries = await deliveries_for(tx, found, now=now)
    offered = providers.offered(cart.currency, sellers=len(orders), country=cart.country)
    return SeenQuote(
        cart_id=cart.id,
        version=cart.version,
        totals=quote_totals(quote),
        orders=[_quoted_order(order, cart.currency) for order in orders],
        explanation=explanation(explain(quote), cart.currency) if quote else [],
        promotions=cart_promotions(cart, found.promotions),
        offers=Offers(
            delivery_methods=[
                DeliveryOffer(method=method, amount=Money(each.shipping, cart.currency))
                for method, each in deliveries.reaching(cart.country).items()
            ],
            payment_methods=[
                OfferedMethod(code=provider.code, label=dict(provider.label)) for provider in offered
            ],
        ),
        problems=found.problems,
    )


def _quoted_order(order: OrderQuote, currency: str) -> QuotedOrder:
    return QuotedOrder(
        seller_id=order.seller_id,
        totals=totals(
            currency=currency,
            goods=order.goods,
            shipping=order.shipping,
            adjusted=order.adjusted,
            tax=order.tax,
            total=order.total,
        ),
        free_shipping=order.free_shipping,
    )
