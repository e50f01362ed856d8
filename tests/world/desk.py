"""After-sales at a till: what buyer, seller and staff do with a case."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.world.feed import deliver_events
from tests.world.people import member
from tests.world.till import Bought, Till

from merx.catalog import Option, OptionValue, ProductDraft, VariantDraft, upsert_products, variant_ids
from merx.fulfilment import fulfilments_of, receive, ship
from merx.infra.db import Sql
from merx.kit.actors import Staff
from merx.kit.ids import new_id
from merx.ledger import fold_balances
from merx.orders import OrderView, purchase_view
from merx.returns import (
    Application,
    Return,
    ReturnKind,
    ReturnReason,
    Wanted,
    get_return,
    request_return,
)
from merx.verify import verify

DAYS = 15


_TOTALS = Sql("""
SELECT kind, owner_id::text, sum(amount)::bigint AS net
  FROM (SELECT debit_kind AS kind, debit_owner AS owner_id, amount FROM transfers
        UNION ALL SELECT credit_kind, credit_owner, -amount FROM transfers) entries
 GROUP BY kind, owner_id HAVING sum(amount) <> 0 ORDER BY 1, 2
""")


class Desk:
    """After-sales, by the people at it. `member` works for every seller; `staff` is one of the platform's."""

    def __init__(self, till: Till) -> None:
        self.till, self.db = till, till.db
        self.staff = Staff(new_id())
        self.member = member(*till.shop.sellers.values())

    @property
    def now(self) -> datetime:
        return self.till.now

    def wait(self, **by: int) -> None:
        self.till.simulator.clock.advance(timedelta(**by))

    async def bought(self, lines: dict[str, int]) -> Bought:
        """A paid purchase."""
        bought = await self.till.at_cashier(lines)
        assert set(await self.till.pay(bought)) == {"success"}
        return bought

    async def order(self, bought: Bought, index: int = 0) -> OrderView:
        async with self.db.read() as read:
            view = await purchase_view(read, purchase_id=bought.id, actor=bought.cart.command.buyer)
        return view.orders[index]

    async def ship(self, order: OrderView, lines: list[tuple[UUID, int]] | None = None) -> None:
        async with self.db.transaction() as tx:
            await ship(
                tx, order_id=order.order.id, actor=self.member, carrier="shunfeng",
                tracking_number="SF1234567890123", lines=lines, now=self.now,
                auto_receive_after=timedelta(days=10),
            )  # fmt: skip

    async def receive(self, bought: Bought, order: OrderView) -> None:
        async with self.db.transaction() as tx:
            for parcel in await fulfilments_of(tx, order_ids=[order.order.id]):
                await receive(
                    tx, fulfilment_id=parcel.id, actor=bought.cart.command.buyer, now=self.now
                )  # fmt: skip

    async def delivered(self, lines: dict[str, int]) -> tuple[Bought, OrderView]:
        """A purchase of one seller that the buyer has received."""
        bought = await self.bought(lines)
        order = await self.order(bought)
        await self.ship(order)
        await self.receive(bought, order)
        return bought, await self.order(bought)

    def me(self, bought: Bought) -> dict[str, Any]:
        """What the buyer shows."""
        return {"actor": bought.cart.command.buyer, "now": self.now}

    def seller(self) -> dict[str, Any]:
        return {"actor": self.member, "now": self.now}

    async def request(
        self,
        bought: Bought,
        order: OrderView,
        quantities: list[int] | None = None,
        *,
        kind: ReturnKind = ReturnKind.REFUND_ONLY,
        reason: ReturnReason = ReturnReason.CHANGED_MIND,
        of: UUID | None = None,
        instead: UUID | None = None,
    ) -> Return:
        """Ask units of each line back, of a variant, for another; None: everything."""
        wanted = quantities or [line.quantity for line in order.lines]
        lines = [
            Wanted(line.id, n, variant_id=of, replacement_id=instead)
            for line, n in zip(order.lines, wanted, strict=True)
            if n
        ]
        application = Application(kind=kind, reason=reason, lines=lines, body="颜色不对")
        return await self.db.write(
            lambda tx: request_return(
                tx, order_id=order.order.id, application=application, default_days=DAYS, **self.me(bought)
            )
        )

    async def do(self, use_case: Any, case: Return, **more: Any) -> Return:
        """Run a use case on a case."""
        moved: Return = await self.db.write(lambda tx: use_case(tx, return_id=case.id, **more))
        return moved

    async def again(self, case: Return) -> Return:
        async with self.db.read() as read:
            return await get_return(read, return_id=case.id, actor=self.staff)

    async def pay_back(self) -> int:
        """Refunds are carried out and the feed is delivered."""
        done = await self.till.refund()
        await self.deliver()
        return done

    async def deliver(self) -> None:
        """Every handler has heard everything."""
        await deliver_events(self.db, self.till.owner, now=self.now)

    async def accounts(self) -> list[tuple[str, str, int]]:
        """Every ledger account that is not at zero."""
        async with self.db.read() as read:
            return [tuple(row) for row in await read.rows(_TOTALS)]

    async def sound(self) -> None:
        """`merx verify` finds nothing."""
        await self.deliver()
        await self.db.write(fold_balances)
        report = await verify(self.db, now=self.now, key_ids=["k1", "k2"])
        assert [(each.code, each.named) for each in report.results if each.breaks] == []


async def a_size(desk: Desk, sku: str, *, price: int = 4990, stock: int = 5) -> UUID:
    """Another size of the tea, in the same currency."""
    shop = desk.till.shop
    size = Option(
        "size", {"en": "Size"}, [OptionValue("s", {"en": "S"}), OptionValue(sku.lower(), {"en": sku})]
    )
    draft = ProductDraft(
        slug="tea", seller_id=shop.sellers["tea-house"], title={"zh-CN": "商品 tea", "en": "Tea"}, options=[size],
        variants=[
            VariantDraft(sku="TEA", prices={"CNY": 4990}, options={"size": "s"}),
            VariantDraft(sku=sku, prices={"CNY": price}, options={"size": sku.lower()}, label={"en": sku}, position=1),
        ],
    )  # fmt: skip
    async with desk.db.transaction() as tx:
        report = await upsert_products(tx, products=[draft], now=desk.now)
        assert not report.refusals, report.refusals
        ids = await variant_ids(tx, skus=[sku], seller_ids=list(shop.sellers.values()))
    shop.variants[sku] = ids[sku]
    if stock:
        await desk.till.restock(sku, stock)
    return ids[sku]
