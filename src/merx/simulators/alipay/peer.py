"""The simulated provider as one object: state, clock, gateway, notices, and the person at the cashier."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric import rsa

from merx.simulators.alipay import cashier, wire
from merx.simulators.alipay.bills import BillDesk
from merx.simulators.alipay.book import Book
from merx.simulators.alipay.certificates import Certificates, new_certificates, numbers
from merx.simulators.alipay.gateway import Answer, Gateway
from merx.simulators.alipay.model import Delivery, Fault, Merchant, Notice, Trade
from merx.simulators.alipay.notices import NoticeDesk
from merx.simulators.alipay.store import Store
from merx.simulators.clock import SimulatorClock
from merx.simulators.common.delivery import SendNotice, post_over_network
from merx.simulators.common.peer import Peer
from merx.simulators.keys import SIMULATED_APP_ID, SIMULATED_SELLER_ID, KeyPair, new_key_pair


class AlipayPeer(Peer[Fault, Notice, Delivery]):
    """What the provider does, whichever way it is asked; see AlipaySimulator."""

    notices: NoticeDesk

    def __init__(
        self,
        *,
        merchants: Sequence[Merchant],
        private_pem: str,
        certificates: Certificates | None = None,
        state_file: Path | None = None,
        clock: SimulatorClock | None = None,
        send_notice: SendNotice | None = None,
    ) -> None:
        """`private_pem` is the provider's own key; `state_file` None keeps nothing after the process.

        With `certificates`, of that key and of the one merchant, calls in certificate mode are answered, too.
        """
        self._store = Store(state_file)
        super().__init__(self._store, clock)
        self.merchants = {merchant.app_id: merchant for merchant in merchants}
        self._key = wire.load_private(private_pem)
        self.notices = NoticeDesk(
            store=self._store,
            merchants=self.merchants,
            key=self._key,
            forging_key=_forging_key,
            send=send_notice or post_over_network,
        )
        self.book = Book(self._store, self.notices)
        self.bills = BillDesk(self._store, self.merchants.values())
        self.certificates = certificates
        self._gateway = Gateway(
            store=self._store,
            book=self.book,
            merchants=self.merchants,
            key=self._key,
            forging_key=_forging_key,
            bills=self.bills,
            certificates=None if certificates is None else numbers(certificates),
        )
        self.merchant_private_pem = ""
        self.alipay_public_pem = ""

    @classmethod
    def in_memory(
        cls, *, now: datetime, send_notice: SendNotice | None = None, with_certificates: bool = False
    ) -> Self:
        """A simulator for a test: frozen at `now`, one merchant, keys in `merchant_private_pem`/`alipay_public_pem`.

        The merchant is SIMULATED_APP_ID / SIMULATED_SELLER_ID. Keys, and the `certificates` if they are wanted, are
        made once per process.
        """
        merchant_keys, alipay_keys = _test_keys()
        simulator = cls(
            merchants=[
                Merchant(
                    app_id=SIMULATED_APP_ID,
                    seller_id=SIMULATED_SELLER_ID,
                    public_pem=merchant_keys.public_pem,
                )
            ],
            private_pem=alipay_keys.private_pem,
            certificates=_test_certificates() if with_certificates else None,
            clock=SimulatorClock(frozen_at=now),
            send_notice=send_notice,
        )
        simulator.merchant_private_pem = merchant_keys.private_pem
        simulator.alipay_public_pem = alipay_keys.public_pem
        return simulator

    def answer(self, query: bytes, form: bytes, *, origin: str) -> Answer:
        """Answer one gateway call as of the simulator's clock; `origin` is the caller's address of this simulator."""
        return self._gateway.answer(query, form, self.clock.now(), origin)

    def settle(self) -> None:
        """Close what has expired."""
        self.book.close_expired(self.clock.now())

    def pay(self, number: str) -> None:
        """The payer pays the trade with this merchant number; KeyError when there is none, Refused when closed."""
        self.book.pay(self._trade(number), self.clock.now())

    def return_address(self, trade: Trade) -> str | None:
        """Where a payer who has paid is sent: the shop's return_url with signed parameters."""
        return cashier.return_address(trade, self.merchants[trade.app_id], self._key, self.clock.now())

    def list_trades(self) -> list[Trade]:
        """Every trade, oldest first."""
        return self.book.all(self.clock.now())

    def _trade(self, number: str) -> Trade:
        trade = self.book.by_number(number, self.clock.now())
        if trade is None:
            raise KeyError(number)
        return trade


@lru_cache(maxsize=1)
def _forging_key() -> rsa.RSAPrivateKey:
    return wire.load_private(new_key_pair().private_pem)


@lru_cache(maxsize=1)
def _test_keys() -> tuple[KeyPair, KeyPair]:
    return new_key_pair(), new_key_pair()


@lru_cache(maxsize=1)
def _test_certificates() -> Certificates:
    merchant_keys, alipay_keys = _test_keys()
    return new_certificates(
        merchant_public_pem=merchant_keys.public_pem,
        alipay_public_pem=alipay_keys.public_pem,
        now=datetime.now(UTC),
    )
