"""Which transfers a business fact makes. Pure."""

import uuid
from uuid import UUID

from merx.ledger.model import AccountKind, Transfer

_PROVIDERS = uuid.UUID("5a0b1f9e-3f0c-5c43-9d5e-6d6572780001")


PLATFORM = uuid.UUID("5a0b1f9e-3f0c-5c43-9d5e-6d6572780002")
"""The owner of the platform's own accounts."""


def provider_owner(provider: str) -> UUID:
    """The owner id of a payment provider's accounts."""
    return uuid.uuid5(_PROVIDERS, provider)


def sale_transfers(
    *, order_id: UUID, purchase_id: UUID, seller_id: UUID, currency: str, goods: int, shipping: int, tax: int,
    shipping_tax: int, funded: int = 0, leg: str = "sale",
) -> list[Transfer]:  # fmt: skip
    """The buyer owes goods to the seller, shipping, and the tax inside both; of it the platform pays what it funds.

    `goods` and `shipping` are what the seller gets. Zero parts are left out.
    """
    parts = (
        ("goods", AccountKind.SELLER_PENDING.value, goods - (tax - shipping_tax)),
        ("shipping", AccountKind.SHIPPING.value, shipping - shipping_tax),
        ("tax", AccountKind.TAX.value, tax),
    )
    transfers = [
        Transfer(
            order_id, f"{leg}:{name}", purchase_id, AccountKind.CUSTOMER_RECEIVABLE.value, purchase_id,
            kind, seller_id, currency, amount,
        )
        for name, kind, amount in parts
        if amount > 0
    ]  # fmt: skip
    if funded:
        transfers.append(
            Transfer(
                order_id, f"{leg}:funded", purchase_id, AccountKind.PROMOTIONS.value, PLATFORM,
                AccountKind.CUSTOMER_RECEIVABLE.value, purchase_id, currency, funded,
            )
        )  # fmt: skip
    return transfers


def reversed_transfer(transfer: Transfer, *, leg: str) -> Transfer:
    """The opposite transfer, under a leg of its own."""
    return Transfer(
        transfer.cause_id, leg, transfer.purchase_id, transfer.credit_kind, transfer.credit_owner,
        transfer.debit_kind, transfer.debit_owner, transfer.currency, transfer.amount,
    )  # fmt: skip


def capture_transfer(
    *, payment_id: UUID, purchase_id: UUID, provider: str, currency: str, amount: int
) -> Transfer:
    """The buyer's money is at the provider."""
    return Transfer(
        payment_id, "capture", purchase_id, AccountKind.PROVIDER_CLEARING.value, provider_owner(provider),
        AccountKind.CUSTOMER_RECEIVABLE.value, purchase_id, currency, amount,
    )  # fmt: skip


def refund_transfer(
    *, refund_id: UUID, purchase_id: UUID, provider: str, currency: str, amount: int, leg: str = "refund"
) -> Transfer:
    """The provider gave the buyer's money back."""
    return Transfer(
        refund_id, leg, purchase_id, AccountKind.CUSTOMER_RECEIVABLE.value, purchase_id,
        AccountKind.PROVIDER_CLEARING.value, provider_owner(provider), currency, amount,
    )  # fmt: skip


def return_transfers(
    *, refund_id: UUID, purchase_id: UUID, seller_id: UUID, currency: str, goods: int, goods_tax: int, shipping: int,
    shipping_tax: int, funded: int = 0, leg: str = "return",
) -> list[Transfer]:  # fmt: skip
    """The opposite of the part of a sale that a refund gives back, to the buyer and, what it funded, to the platform.

    `goods` and `shipping` are what the seller got for it; tax is inside them.
    """
    sale = sale_transfers(
        order_id=refund_id, purchase_id=purchase_id, seller_id=seller_id, currency=currency, goods=goods,
        shipping=shipping, tax=goods_tax + shipping_tax, shipping_tax=shipping_tax, funded=funded, leg=leg,
    )  # fmt: skip
    return [reversed_transfer(each, leg=each.leg) for each in sale]


def dispute_transfers(
    *,
    dispute_id: UUID,
    purchase_id: UUID,
    provider: str,
    currency: str,
    amount: int,
    fee: int,
    reference: str,
) -> list[Transfer]:
    """The provider took money because of a dispute, or gave it back: a negative amount. So for the fee."""
    owner, clearing = provider_owner(provider), AccountKind.PROVIDER_CLEARING.value
    taken = Transfer(
        dispute_id, f"withdrawn:{reference}", purchase_id, AccountKind.DISPUTES.value, owner, clearing, owner,
        currency, abs(amount),
    )  # fmt: skip
    charged = Transfer(
        dispute_id, f"fee:{reference}", purchase_id, AccountKind.PROVIDER_FEES.value, owner, clearing, owner,
        currency, abs(fee),
    )  # fmt: skip
    parts = ((taken, amount, f"reinstated:{reference}"), (charged, fee, f"fee:{reference}"))
    return [each if sign > 0 else reversed_transfer(each, leg=leg) for each, sign, leg in parts if sign]


def loss_transfer(
    *, dispute_id: UUID, purchase_id: UUID, provider: str, seller_id: UUID, currency: str, amount: int, reference: str
) -> Transfer:  # fmt: skip
    """The dispute is lost: what it took is a seller's loss, like a refund without its tax. Negative: it came back."""
    lost = Transfer(
        dispute_id, f"lost:{seller_id}:{reference}", purchase_id, AccountKind.SELLER_PENDING.value, seller_id,
        AccountKind.DISPUTES.value, provider_owner(provider), currency, abs(amount),
    )  # fmt: skip
    return lost if amount > 0 else reversed_transfer(lost, leg=lost.leg)
