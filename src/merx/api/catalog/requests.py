"""What clients send about the catalogue."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from merx.api.core.requests import Currency, Input, LocaleCode, PageQuery, Translated


class ProductQuery(PageQuery, frozen=True, kw_only=True):
    """Products of a category and everything below it, in an order."""

    category: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")] | None = None
    sort: Literal["newest", "price", "-price"] = "newest"
    currency: Currency | None = None


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
