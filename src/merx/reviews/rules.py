"""Pure rules of reviews."""

import unicodedata
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from merx.kit.i18n import clean_text
from merx.reviews.errors import BadScore, TooManyPictures
from merx.reviews.model import Rating

BODY_LIMIT: Final = 2000
PICTURES_MOST: Final = 6
SCORE_MOST: Final = 5
_MASK: Final = "*"
_JOINERS: Final = "\u200c\u200d"


def check_score(score: int) -> int:
    """Return a score of 1 to 5. Raises BadScore."""
    if isinstance(score, bool) or not 1 <= score <= SCORE_MOST:
        raise BadScore(field="score", most=SCORE_MOST)
    return score


def check_body(body: str) -> str:
    """Return the text of a review in NFC; it may be empty, it may have several lines.

    Raises TextTooLong, TextUnprintable.
    """
    return clean_text("body", body, limit=BODY_LIMIT, required=False, lines=True)


def check_media(media_ids: Sequence[UUID]) -> list[UUID]:
    """Return the pictures, each once, in order. Raises TooManyPictures."""
    distinct = list(dict.fromkeys(media_ids))
    if len(distinct) > PICTURES_MOST:
        raise TooManyPictures(field="media", most=PICTURES_MOST)
    return distinct


def is_line_reviewable(*, received: int) -> bool:
    """Whether a bought line may be reviewed, once: when something of it has arrived."""
    return received > 0


def is_seller_reviewable(*, fulfilment_status: str) -> bool:
    """Whether an order's seller may be reviewed, once: when the order has arrived as a whole."""
    return fulfilment_status == "received"


def mask_name(name: str) -> str:
    """A name as strangers see it: its first letter with its marks, e.g. "张*"; no name gives "*"."""
    end = 1
    while end < len(name) and (unicodedata.combining(name[end]) or name[end] in _JOINERS):
        end += 1
    return name[:end] + _MASK


def rating(*, count: int, total: int) -> Rating:
    """The rating of `count` reviews whose scores sum to `total`: the average in tenths, rounded half up."""
    if count == 0:
        return Rating(count=0, average_tenths=0)
    return Rating(count=count, average_tenths=(20 * total + count) // (2 * count))
