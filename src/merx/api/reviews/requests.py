"""What clients send about reviews."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, field

from merx.api.core.requests import Input, LocaleCode
from merx.reviews import PICTURES_MOST, SCORE_MOST

# A bound that the domain refuses with a code of its own is only described here.
Score = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": SCORE_MOST})]


class ReviewProduct(Input, frozen=True, kw_only=True):
    """What a buyer says of a bought product. `locale` is the language of the text."""

    order_line_id: UUID
    score: Score
    body: Annotated[str, Meta(max_length=10_000)] = ""
    media_ids: Annotated[list[UUID], Meta(max_length=4 * PICTURES_MOST)] = field(default_factory=list)
    locale: LocaleCode | None = None


class ReviewSeller(Input, frozen=True, kw_only=True):
    """What a buyer says of a seller."""

    order_id: UUID
    score: Score
    body: Annotated[str, Meta(max_length=10_000)] = ""
    locale: LocaleCode | None = None
