"""The simulator's memory: everything in dictionaries, every change written through to one SQLite file."""

from pathlib import Path

from merx.simulators.common.store import PeerStore
from merx.simulators.wechat.model import Fault, KeyState, Notice, Order


class Store(PeerStore[Fault, Notice]):
    """Orders by (mch_id, number), notices by id, platform keys oldest first, faults still to make, and the clock."""

    def __init__(self, path: Path | None) -> None:
        """Open `path`, or keep everything in memory only when it is None."""
        super().__init__(path, fault_type=Fault, notice_type=Notice)
        self.orders: dict[tuple[str, str], Order] = {}
        self.by_token: dict[str, Order] = {}
        self.by_transaction: dict[str, Order] = {}
        self.by_refund: dict[tuple[str, str], Order] = {}
        for order in self._load("order", Order).values():
            self._remember(order)
        self.keys = self._load("keys", KeyState).get("") or KeyState()

    def save_order(self, order: Order) -> None:
        """Keep a new or changed order."""
        self._remember(order)
        self._put("order", f"{order.mch_id}/{order.number}", order)

    def save_keys(self) -> None:
        """Keep the platform keys as they now are."""
        self._put("keys", "", self.keys)

    def _remember(self, order: Order) -> None:
        self.orders[order.mch_id, order.number] = order
        self.by_token[order.token] = order
        self.by_transaction[order.transaction_id] = order
        for refund in order.refunds:
            self.by_refund[order.mch_id, refund.refund_number] = order
