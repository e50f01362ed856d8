"""Review what was bought and who sold it: the buyer only, once, after something of it was received."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.i18n import check_locale
from merx.orders import line_for_review, order_for_review
from merx.reviews import store
from merx.reviews.errors import AlreadyReviewed, NotBought, NotReceived, UnknownPicture
from merx.reviews.events import ProductReviewed, SellerReviewed
from merx.reviews.rules import (
    check_body,
    check_media,
    check_score,
    is_line_reviewable,
    is_seller_reviewable,
)


async def review_product(
    tx: Tx,
    *,
    account_id: UUID,
    order_line_id: UUID,
    score: int,
    body: str,
    media_ids: Sequence[UUID] = (),
    locale: str,
    now: datetime,
) -> None:
    """Review the product of a bought line; `score` is 1 to 5, `body` may be empty.

    Raises NotBought, NotReceived, AlreadyReviewed, BadScore, TooManyPictures, UnknownPicture, TextRefused,
    UnknownLocale.
    """
    score, body, locale, pictures = (
        check_score(score),
        check_body(body),
        check_locale(locale),
        check_media(media_ids),
    )
    line = await line_for_review(tx, order_line_id=order_line_id)
    if line is None or line.account_id != account_id:
        raise NotBought
    if not is_line_reviewable(received=line.received):
        raise NotReceived
    if pictures and not await store.media_exist(tx, media_ids=pictures):
        raise UnknownPicture(field="media")
    written = await store.insert_product_review(
        tx,
        order_line_id=line.order_line_id,
        purchase_id=line.purchase_id,
        product_id=line.product_id,
        account_id=account_id,
        score=score,
        body=body,
        media_ids=pictures,
        locale=locale,
        now=now,
    )
    if not written:
        raise AlreadyReviewed
    event = ProductReviewed(
        line.product_id, line.order_line_id, line.order_id, line.purchase_id, line.seller_id, score,
        actor_id=account_id,
    )  # fmt: skip
    await publish(tx, [event], now=now)


async def review_seller(
    tx: Tx, *, account_id: UUID, order_id: UUID, score: int, body: str, locale: str, now: datetime
) -> None:
    """Review the seller of an order that was received as a whole; `score` is 1 to 5, `body` may be empty.

    Raises NotBought, NotReceived, AlreadyReviewed, BadScore, TextRefused, UnknownLocale.
    """
    score, body, locale = check_score(score), check_body(body), check_locale(locale)
    order = await order_for_review(tx, order_id=order_id)
    if order is None or order.account_id != account_id:
        raise NotBought
    if not is_seller_reviewable(fulfilment_status=order.fulfilment_status):
        raise NotReceived
    written = await store.insert_seller_review(
        tx,
        order_id=order.order_id,
        purchase_id=order.purchase_id,
        seller_id=order.seller_id,
        account_id=account_id,
        score=score,
        body=body,
        locale=locale,
        now=now,
    )
    if not written:
        raise AlreadyReviewed
    event = SellerReviewed(order.seller_id, order.order_id, order.purchase_id, score, actor_id=account_id)
    await publish(tx, [event], now=now)
