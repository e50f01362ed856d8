"""Reviews by buyers."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import post

from merx.api.core.answers import Answer, done
from merx.api.core.call import open_call, perform
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body, required_key
from merx.api.reviews import answers
from merx.api.reviews.requests import ReviewProduct, ReviewSeller
from merx.infra.db import Tx
from merx.reviews import review_product, review_seller


class Written(msgspec.Struct, frozen=True):
    """What is kept under the idempotency key: the text itself may have to be erased one day and is not in it."""

    subject_id: UUID
    at: datetime


@post(
    "/reviews/products",
    opt=operation(
        "reviews",
        answers.ReviewedProduct,
        status=201,
        body=ReviewProduct,
        auth="account",
        key="required",
    ),
)
async def say_of_product(request: ApiRequest) -> Answer:
    """Review the product of a bought line, once, after something of it was received."""
    key = required_key(request)
    wanted = await read_body(request, ReviewProduct)
    call = await open_call(request)
    account = call.require_account().account
    locale = wanted.locale or account.locale

    async def say(tx: Tx) -> Written:
        await review_product(
            tx, account_id=account.id, order_line_id=wanted.order_line_id, score=wanted.score,
            body=wanted.body, media_ids=wanted.media_ids, locale=locale, now=call.now,
        )  # fmt: skip
        return Written(wanted.order_line_id, call.now)

    written, replayed = await perform(
        call, say, key=key, route="reviews.product", request=(wanted,), outcome=Written
    )
    view = answers.ReviewedProduct(
        order_line_id=written.subject_id,
        score=wanted.score,
        body=wanted.body,
        locale=locale,
        created_at=written.at,
    )
    return done(view, status=201, replayed=replayed)


@post(
    "/reviews/sellers",
    opt=operation(
        "reviews",
        answers.ReviewedSeller,
        status=201,
        body=ReviewSeller,
        auth="account",
        key="required",
    ),
)
async def say_of_seller(request: ApiRequest) -> Answer:
    """Review the seller of an order, once, after all of it was received."""
    key = required_key(request)
    wanted = await read_body(request, ReviewSeller)
    call = await open_call(request)
    account = call.require_account().account
    locale = wanted.locale or account.locale

    async def say(tx: Tx) -> Written:
        await review_seller(
            tx, account_id=account.id, order_id=wanted.order_id, score=wanted.score, body=wanted.body,
            locale=locale, now=call.now,
        )  # fmt: skip
        return Written(wanted.order_id, call.now)

    written, replayed = await perform(
        call, say, key=key, route="reviews.seller", request=(wanted,), outcome=Written
    )
    view = answers.ReviewedSeller(
        order_id=written.subject_id,
        score=wanted.score,
        body=wanted.body,
        locale=locale,
        created_at=written.at,
    )
    return done(view, status=201, replayed=replayed)


handlers = [say_of_product, say_of_seller]
