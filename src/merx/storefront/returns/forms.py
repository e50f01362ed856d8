"""The forms of after-sales."""

from typing import Literal

import msgspec

from merx.returns import PICTURES_MOST
from merx.storefront.core.forms import PlainRequest, Quantity, Short, Words, read_pictured


class ReturnForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An application for after-sales; the limits of the words are those of after-sales."""

    kind: Literal["refund_only", "return_and_refund", "exchange"]
    quantity: Quantity
    reason: Short = ""
    body: Words = ""
    held: Short = ""
    instead: Short = ""


class AnswerForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an application is refused."""

    answer: Words


class ProposalForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in major units, as people write it, and why."""

    amount: Short
    answer: Words = ""


class DecisionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The platform's decision; an empty amount is the whole one."""

    in_favour: Literal["yes", "no"]
    answer: Words
    amount: Short = ""
    as_refund: Literal["yes", ""] = ""


async def read_return_form(request: PlainRequest) -> tuple[ReturnForm, tuple[bytes, ...]]:
    """Read an application for after-sales and its pictures. Raises BadForm, TooManyPictures."""
    return await read_pictured(request, ReturnForm, most=PICTURES_MOST)
