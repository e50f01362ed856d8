"""What clients send. Every field is bounded, unknown fields are refused, and numbers are numbers."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from merx.kit.money import MAX_AMOUNT
from merx.kit.paging import PAGE_LIMIT
from merx.payments.providers import Device

MAX_LINES = 100
MAX_PICTURES = 6
MAX_EVENTS = 100

Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]
LocaleCode = Literal["zh-CN", "en"]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Line = Annotated[str, Meta(max_length=512)]
Translated = Annotated[
    dict[LocaleCode, Annotated[str, Meta(max_length=40_000)]],
    Meta(min_length=1, description="Texts by locale"),
]
# Bounds that a domain refuses with a code of its own are only described here.
Quantity = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 999})]
Score = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 5})]
Cursor = Annotated[str, Meta(max_length=500, description="next_cursor of the page before")]
Limit = Annotated[int, Meta(ge=1, le=PAGE_LIMIT)]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that is sent: a field we do not know is a refusal."""


class PageQuery(Input, frozen=True, kw_only=True):
    """A page of a list."""

    cursor: Cursor | None = None
    limit: Limit = 20


class NoQuery(Input, frozen=True, kw_only=True):
    """An address without parameters."""


class ProductQuery(PageQuery, frozen=True, kw_only=True):
    """Products of a category and everything below it, in an order."""

    category: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")] | None = None
    sort: Literal["newest", "price", "-price"] = "newest"
    currency: Currency | None = None


class MoneyIn(Input, frozen=True, kw_only=True):
    """A total the client has seen. It is compared, never used."""

    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT, description="Minor units")]
    currency: Currency


class CreateCart(Input, frozen=True, kw_only=True):
    """Begin a cart; what is left out comes from the account or the shop."""

    currency: Currency | None = None
    locale: LocaleCode | None = None


class StartPayment(Input, frozen=True, kw_only=True):
    """Where the payer is. `openid` is their name towards the shop's WeChat application, for paying inside WeChat."""

    device: Device = Device.DESKTOP
    openid: Annotated[str, Meta(min_length=1, max_length=128)] | None = None


class AddLine(Input, frozen=True, kw_only=True):
    """Put units of an article into the cart: named by its id or by its SKU, not by both."""

    quantity: Quantity
    variant_id: UUID | None = None
    sku: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class SetLine(Input, frozen=True, kw_only=True):
    """How many units a line has from now on."""

    quantity: Quantity


class AddressIn(Input, frozen=True, kw_only=True):
    """Where and to whom to deliver. `country` is ISO 3166-1 alpha-2; a guest gives an e-mail address, too."""

    name: Line
    phone: Line
    line1: Line
    city: Line
    country: Line
    line2: Line = ""
    region: Line = ""
    postal_code: Line = ""
    email: Line = ""


class SetAddress(Input, frozen=True, kw_only=True):
    """The cart's delivery address: one typed in, or one of the address book."""

    address: AddressIn | None = None
    address_id: UUID | None = None


class SetDelivery(Input, frozen=True, kw_only=True):
    """How the goods come."""

    method: Literal["standard", "express"]


class SetPaymentMethod(Input, frozen=True, kw_only=True):
    """Who to pay through: a code of `offers.payment_methods`."""

    provider: Code


class Checkout(Input, frozen=True, kw_only=True):
    """Order the cart for the total that was shown."""

    expected_total: MoneyIn


class Register(Input, frozen=True, kw_only=True):
    """Open an account."""

    email: Line
    password: Annotated[str, Meta(max_length=1024)]
    name: Line
    locale: LocaleCode | None = None


class LogIn(Input, frozen=True, kw_only=True):
    """Open a session. With `cart_id` and the Cart-Token header, the guest's cart comes along."""

    email: Line
    password: Annotated[str, Meta(max_length=1024)]
    cart_id: UUID | None = None


class SaveAddress(Input, frozen=True, kw_only=True):
    """An address for the address book; the first one becomes the default."""

    address: AddressIn
    is_default: bool = False


class ReadNotifications(Input, frozen=True, kw_only=True):
    """Notifications of these events are read; null: all of them."""

    event_ids: Annotated[list[UUID], Meta(max_length=MAX_EVENTS)] | None


class ReviewProduct(Input, frozen=True, kw_only=True):
    """What a buyer says of a bought product. `locale` is the language of the text."""

    order_line_id: UUID
    score: Score
    body: Annotated[str, Meta(max_length=10_000)] = ""
    media_ids: Annotated[list[UUID], Meta(max_length=4 * MAX_PICTURES)] = []
    locale: LocaleCode | None = None


class ReviewSeller(Input, frozen=True, kw_only=True):
    """What a buyer says of a seller."""

    order_id: UUID
    score: Score
    body: Annotated[str, Meta(max_length=10_000)] = ""
    locale: LocaleCode | None = None


class RestockedIn(Input, frozen=True, kw_only=True):
    """Units of a line that came back and can be sold again."""

    order_line_id: UUID
    quantity: Annotated[int, Meta(ge=0, le=999)]


class EditProduct(Input, frozen=True, kw_only=True):
    """What changes of a product; what is left out stays. A text is replaced in all its languages."""

    title: Translated | UnsetType = UNSET
    description: Annotated[dict[LocaleCode, Annotated[str, Meta(max_length=40_000)]], Meta()] | UnsetType = (
        UNSET
    )
    state: Literal["draft", "published", "archived"] | UnsetType = UNSET


class PriceIn(Input, frozen=True, kw_only=True):
    """A price, tax included, in minor units; null withdraws it."""

    amount: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 1_000_000_000_000})] | None
    currency: Currency


class SetPrices(Input, frozen=True, kw_only=True):
    """Prices by currency; currencies not named keep theirs."""

    prices: Annotated[list[PriceIn], Meta(min_length=1, max_length=50)]
