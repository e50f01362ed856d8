"""The simulated provider as one object: state, clock, API, notices, and the person with the phone."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import cycle
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric import rsa

from merx.simulators.clock import SimulatorClock
from merx.simulators.common.delivery import SendNotice, post_over_network
from merx.simulators.common.peer import Peer
from merx.simulators.keys import (
    SIMULATED_WECHAT_API_V3_KEY,
    SIMULATED_WECHAT_APP_ID,
    SIMULATED_WECHAT_CERT_SERIAL,
    SIMULATED_WECHAT_MCH_ID,
    SIMULATED_WECHAT_PUBLIC_KEY_ID,
    KeyPair,
    new_key_pair,
)
from merx.simulators.wechat import wire
from merx.simulators.wechat.book import Book
from merx.simulators.wechat.gateway import Answer, Call, Gateway
from merx.simulators.wechat.keyring import KeyRing
from merx.simulators.wechat.model import Delivery, Fault, Notice, Order, WechatMerchant
from merx.simulators.wechat.notices import NoticeDesk
from merx.simulators.wechat.store import Store


class WechatPeer(Peer[Fault, Notice, Delivery]):
    """What the provider does, whichever way it is asked; see WechatSimulator."""

    notices: NoticeDesk

    def __init__(
        self,
        *,
        merchants: Sequence[WechatMerchant],
        private_pem: str,
        public_key_id: str = SIMULATED_WECHAT_PUBLIC_KEY_ID,
        state_file: Path | None = None,
        clock: SimulatorClock | None = None,
        send_notice: SendNotice | None = None,
        new_private_pem: Callable[[], str] | None = None,
    ) -> None:
        """`private_pem` is of the public-key pair `public_key_id`; certificates it makes itself.

        `state_file` None keeps nothing after the process.
        """
        self._store = Store(state_file)
        super().__init__(self._store, clock)
        self.merchants = {merchant.mch_id: merchant for merchant in merchants}
        self.keys = KeyRing(
            store=self._store,
            public_key_id=public_key_id,
            private_pem=private_pem,
            now=self.clock.now(),
            forging_key=_forging_key,
            new_private_pem=new_private_pem or _new_private_pem,
        )
        self.notices = NoticeDesk(
            store=self._store,
            merchants=self.merchants,
            keys=self.keys,
            send=send_notice or post_over_network,
        )
        self.book = Book(self._store, self.notices)
        self._gateway = Gateway(store=self._store, book=self.book, merchants=self.merchants, keys=self.keys)
        self.merchant_private_pem = ""
        self.public_pem = ""

    @classmethod
    def in_memory(cls, *, now: datetime, send_notice: SendNotice | None = None) -> Self:
        """A simulator for a test: frozen at `now`, one merchant, keys in `merchant_private_pem` and `public_pem`.

        The merchant is that of the SIMULATED_WECHAT_… values. Keys are made once per process.
        """
        merchant_keys, account_keys, platform_pems = _test_keys()
        simulator = cls(
            merchants=[simulated_merchant(merchant_keys.public_pem)],
            private_pem=account_keys.private_pem,
            clock=SimulatorClock(frozen_at=now),
            send_notice=send_notice,
            new_private_pem=partial(next, cycle(platform_pems)),
        )
        simulator.merchant_private_pem = merchant_keys.private_pem
        simulator.public_pem = account_keys.public_pem
        return simulator

    def answer(self, call: Call) -> Answer:
        """Answer one call of the API."""
        return self._gateway.answer(call)

    def settle(self) -> None:
        """Announce the refunds that became final."""
        self.book.settle(self.clock.now())

    def pay(self, number: str) -> None:
        """The payer pays the order with this merchant number; KeyError when there is none, Refused when closed."""
        order = self.book.by_number(number, self.clock.now())
        if order is None:
            raise KeyError(number)
        self.book.pay(order, self.clock.now())

    def rotate_certificate(self) -> str:
        """Sign with a new platform certificate from now on, the one before stays listed; returns its serial."""
        return self.keys.rotate(self.clock.now())

    def list_orders(self) -> list[Order]:
        """Every order, oldest first."""
        return self.book.all(self.clock.now())


def simulated_merchant(public_pem: str) -> WechatMerchant:
    """The merchant of the demo settings, with its public key."""
    return WechatMerchant(
        app_id=SIMULATED_WECHAT_APP_ID,
        mch_id=SIMULATED_WECHAT_MCH_ID,
        cert_serial=SIMULATED_WECHAT_CERT_SERIAL,
        public_pem=public_pem,
        api_v3_key=SIMULATED_WECHAT_API_V3_KEY,
    )


@lru_cache(maxsize=1)
def _forging_key() -> rsa.RSAPrivateKey:
    return wire.load_private(new_key_pair().private_pem)


@lru_cache(maxsize=1)
def _test_keys() -> tuple[KeyPair, KeyPair, list[str]]:
    return new_key_pair(), new_key_pair(), [_new_private_pem(), _new_private_pem()]


def _new_private_pem() -> str:
    return new_key_pair().private_pem
