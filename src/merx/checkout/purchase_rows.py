"""The rows of a batch of purchases, gathered in memory before they are written."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from merx.cart import ClaimedCart
from merx.checkout.model import Placed
from merx.checkout.price_carts import PricedCart
from merx.inventory import Claim
from merx.kit.ids import new_id
from merx.ledger import Transfer, sale_transfers
from merx.orders import NewAdjustment, NewOrder, NewOrderLine, NewPurchase, PurchasePlaced
from merx.payments import NewPayment
from merx.pricing import Adjustment, OrderQuote

Parts = list[list[tuple[UUID, int]]]


class PurchaseRows:
    """Everything a batch will write, by kind."""

    def __init__(self, expires_at: datetime, own_deadlines: Mapping[str, datetime]) -> None:
        """`own_deadlines` are those of the ways to pay that have one, by code; `expires_at` is everybody else's."""
        self._expires_at = expires_at
        self._own_deadlines = own_deadlines
        self.longer: dict[UUID, datetime] = {}
        self.purchases: list[NewPurchase] = []
        self.orders: list[NewOrder] = []
        self.lines: list[NewOrderLine] = []
        self.adjustments: list[NewAdjustment] = []
        self.claims: list[Claim] = []
        self.payments: list[NewPayment] = []
        self.transfers: list[Transfer] = []
        self.events: list[PurchasePlaced] = []

    def add(
        self, cart: ClaimedCart, placed: Placed, priced: PricedCart, parts: Parts, *, scarce: list[UUID]
    ) -> None:
        """Enter one purchase.

        `parts` says, line by line and then limit by limit, from which allotments its units come; `scarce` are its variants of which few are left.
        """
        quoted = priced.quote
        assert cart.country is not None
        assert cart.address_sealed is not None
        assert cart.delivery is not None
        assert cart.provider is not None
        expires_at = self._expires_at
        if cart.provider in self._own_deadlines:
            expires_at = self.longer[placed.purchase_id] = self._own_deadlines[cart.provider]
        self.purchases.append(
            NewPurchase(
                id=placed.purchase_id, number=placed.number, cart_id=cart.id, account_id=cart.account_id,
                person_id=cart.person_id, access_hash=cart.token_hash, currency=quoted.currency, goods=quoted.goods,
                shipping=quoted.shipping, tax=quoted.tax, total=quoted.total, adjusted=quoted.adjusted,
                funded=quoted.funded, locale=cart.locale,
                delivery=cart.delivery, provider=cart.provider, expires_at=expires_at,
                address_sealed=cart.address_sealed, country=cart.country,
            )
        )  # fmt: skip
        remaining = iter(parts)
        for position, order in enumerate(quoted.orders, start=1):
            self._add_order(placed, order, quoted.currency, position, remaining)
        self.claims.extend(
            Claim(new_id(), allotment_id, limit.subject_id, placed.purchase_id, None, units)
            for limit, of in zip(priced.limits, remaining, strict=True)
            for allotment_id, units in of
        )
        self.payments.append(
            NewPayment(
                id=new_id(), purchase_id=placed.purchase_id, provider=cart.provider, number=f"{placed.number}P1",
                currency=quoted.currency, amount=quoted.total, expires_at=expires_at,
            )
        )  # fmt: skip
        self.events.append(
            PurchasePlaced(
                purchase_id=placed.purchase_id, number=placed.number, total=quoted.total, currency=quoted.currency,
                orders=len(quoted.orders), availability_of=tuple(scarce), actor_id=cart.account_id,
            )
        )  # fmt: skip

    def _add_order(
        self,
        placed: Placed,
        order: OrderQuote,
        currency: str,
        position: int,
        parts: Iterator[list[tuple[UUID, int]]],
    ) -> None:
        order_id = new_id()
        purchase_id = placed.purchase_id
        self.orders.append(
            NewOrder(
                id=order_id, purchase_id=purchase_id, number=f"{placed.number}-{position}", seller_id=order.seller_id,
                currency=currency, goods=order.goods, shipping=order.shipping, shipping_tax_bp=order.shipping_tax_bp,
                shipping_tax=order.shipping_tax, tax=order.tax, total=order.total, adjusted=order.adjusted,
                funded=order.funded, shipping_adjusted=order.shipping_adjusted, shipping_funded=order.shipping_funded,
            )
        )  # fmt: skip
        for index, line in enumerate(order.lines):
            line_id = new_id()
            terms = line.terms
            assert terms.price_version is not None
            self.lines.append(
                NewOrderLine(
                    id=line_id, order_id=order_id, purchase_id=purchase_id, position=index,
                    product_id=terms.product_id, variant_id=terms.variant_id, sku=terms.sku, title=terms.title,
                    label=terms.label, quantity=line.quantity, unit_price=line.unit_price,
                    price_version=terms.price_version, total=line.total, tax_rate_bp=terms.tax_rate_bp, tax=line.tax,
                    adjusted=line.adjusted, funded=line.funded,
                )
            )  # fmt: skip
            for each in line.adjustments:
                self._adjust(purchase_id, order_id, line_id, each)
            self.claims.extend(
                Claim(new_id(), allotment_id, terms.variant_id, purchase_id, line_id, quantity)
                for allotment_id, quantity in next(parts)
            )
        for each in order.adjustments:
            self._adjust(purchase_id, order_id, None, each)
        self.transfers.extend(
            sale_transfers(
                order_id=order_id, purchase_id=purchase_id, seller_id=order.seller_id, currency=currency,
                goods=order.seller_goods, shipping=order.seller_shipping, tax=order.tax, shipping_tax=order.shipping_tax,
                funded=order.funded,
            )
        )  # fmt: skip

    def _adjust(self, purchase_id: UUID, order_id: UUID, line_id: UUID | None, each: Adjustment) -> None:
        self.adjustments.append(
            NewAdjustment(
                id=new_id(), purchase_id=purchase_id, order_id=order_id, order_line_id=line_id,
                position=len(self.adjustments), kind=each.kind, cause_id=each.cause_id,
                name=msgspec.json.encode(each.name).decode(), funder=each.funder, amount=each.amount, tax=each.tax,
            )
        )  # fmt: skip
