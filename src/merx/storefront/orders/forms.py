"""The forms of orders."""

from typing import Annotated

import msgspec

from merx.kit.errors import Invalid
from merx.reviews import PICTURES_MOST, SCORE_MOST
from merx.storefront.core.forms import PlainRequest, Words, read_pictured


class NoScore(Invalid):
    """A review without stars."""

    code = "no_score"
    message = "Choose 1 to %(most)s stars."


class SellerReviewForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stars and words; the limits of the words are the reviews' own."""

    body: Words
    score: Annotated[int, msgspec.Meta(ge=1, le=SCORE_MOST)] | None = None


class ProductReviewForm(msgspec.Struct, frozen=True):
    """A review with pictures, as bytes that nobody has looked at yet."""

    body: str
    score: int | None
    pictures: tuple[bytes, ...]


async def read_review_form(request: PlainRequest) -> ProductReviewForm:
    """Read a multipart form with pictures. Raises BadForm, TooManyPictures."""
    words, pictures = await read_pictured(request, SellerReviewForm, most=PICTURES_MOST)
    return ProductReviewForm(words.body, words.score, pictures)
