"""Where things are: the addresses of the shop's pages that are linked to from elsewhere, each by its name.

Pages, mails, notifications and answers take them from here; templates know this table as `links`. Tests find the page
behind every one, and nobody else who spells one.
"""

from urllib.parse import urlencode
from uuid import UUID

Id = UUID | str

# ---------------------------------------------------------------- the shop


def home() -> str:
    """The first page."""
    return "/"


def category(code: str) -> str:
    """What a category holds."""
    return f"/categories/{code}"


def product(slug: str, sku: str | None = None) -> str:
    """A product; with a `sku`, that variant of it."""
    return f"/products/{slug}" + (f"?{urlencode({'variant': sku})}" if sku else "")


def cart() -> str:
    """What the visitor is about to buy."""
    return "/cart"


def checkout() -> str:
    """Where to send it and how to pay."""
    return "/checkout"


def login() -> str:
    """Where an account is opened with its password."""
    return "/login"


def register() -> str:
    """A new account."""
    return "/register"


def media(path: str) -> str:
    """A picture's file."""
    return f"/media/{path}"


def coupons() -> str:
    """The coupons that can be claimed."""
    return "/coupons"


# ---------------------------------------------------------------- a buyer's


def purchase(purchase_id: Id) -> str:
    """A purchase, for its buyer."""
    return f"/purchases/{purchase_id}"


def orders() -> str:
    """A buyer's orders."""
    return "/orders"


def order(purchase_id: Id, order_id: Id) -> str:
    """An order, for its buyer."""
    return f"/purchases/{purchase_id}/orders/{order_id}"


def returns() -> str:
    """A buyer's after-sales cases."""
    return "/account/returns"


def return_case(return_id: Id) -> str:
    """An after-sales case, for its buyer."""
    return f"/account/returns/{return_id}"


def notifications() -> str:
    """What the shop has told an account."""
    return "/account/notifications"


def my_coupons() -> str:
    """The coupons that an account has claimed."""
    return "/account/coupons"


def addresses() -> str:
    """An account's address book."""
    return "/account/addresses"


def new_address() -> str:
    """An empty page of the address book."""
    return "/account/addresses/new"


def address(address_id: Id) -> str:
    """An address of the book, to be changed."""
    return f"/account/addresses/{address_id}"


# ---------------------------------------------------------------- a seller's


def seller_orders() -> str:
    """The orders of one's shops."""
    return "/seller/orders"


def seller_order(order_id: Id) -> str:
    """An order, for who works for its seller."""
    return f"/seller/orders/{order_id}"


def seller_returns() -> str:
    """The after-sales cases of one's shops."""
    return "/seller/returns"


def seller_return(return_id: Id) -> str:
    """An after-sales case, for who works for its seller."""
    return f"/seller/returns/{return_id}"


def return_addresses() -> str:
    """Where one's shops want goods sent back to."""
    return "/seller/return-addresses"


def seller_promotions() -> str:
    """What one's shops take off."""
    return "/seller/promotions"


# ---------------------------------------------------------------- the platform's staff


def staff_returns() -> str:
    """The after-sales cases that wait for the platform."""
    return "/staff/returns"


def staff_return(return_id: Id) -> str:
    """An after-sales case, for the platform's staff."""
    return f"/staff/returns/{return_id}"


def staff_reconciliation() -> str:
    """The providers' bills and what differs from the books."""
    return "/staff/reconciliation"


def staff_disputes() -> str:
    """The disputes and failed refunds, for the platform's staff."""
    return "/staff/disputes"


def staff_promotions() -> str:
    """What the platform takes off."""
    return "/staff/promotions"


def staff_payments() -> str:
    """Money to confirm, to capture and to pay back by hand."""
    return "/staff/payments"


# ---------------------------------------------------------------- forms that more than one page sends


def pay_purchase(purchase_id: Id) -> str:
    """Go to the provider and pay."""
    return f"/purchases/{purchase_id}/pay"


def cancel_purchase(purchase_id: Id) -> str:
    """Give up a purchase that is not paid or has not left."""
    return f"/purchases/{purchase_id}/cancel"


def retry_refund(refund_id: Id) -> str:
    """Ask the provider for a failed refund again."""
    return f"/staff/refunds/{refund_id}/retry"
