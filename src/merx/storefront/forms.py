"""What browsers send: forms and cookies, read strictly. A field that the page does not have is a refusal."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from merx.kit.errors import DomainError, Invalid
from merx.storefront.views import FormView

MAX_FIELDS: Final = 64
MAX_FORM_BYTES: Final = 64 * 1024
MAX_PICTURES: Final = 6
MAX_PICTURE_BYTES: Final = 10 * 1024 * 1024
_URLENCODED: Final = "application/x-www-form-urlencoded"
_RESTOCKED: Final = "restocked-"
_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")

Form = TypeVar("Form", bound=msgspec.Struct)
PlainRequest = Request[Any, Any, Any]

Short = Annotated[str, msgspec.Meta(max_length=128)]
Line = Annotated[str, msgspec.Meta(max_length=512)]
Path = Annotated[str, msgspec.Meta(max_length=2048)]
Words = Annotated[str, msgspec.Meta(max_length=16_000)]
Quantity = Annotated[int, msgspec.Meta(ge=1, le=999)]


class BadForm(Invalid):
    """The fields are not those of the form, or not in its limits: no browser sends that from our page."""

    code = "bad_form"
    message = "The form did not arrive as this page sends it."


class TooManyPictures(Invalid):
    """More pictures than a review takes, or too large ones."""

    code = "too_many_pictures"
    message = "Send at most %(most)s pictures of at most %(megabytes)s MB each."


class NoScore(Invalid):
    """A review without stars."""

    code = "no_score"
    message = "Choose 1 to 5 stars."


class AddLineForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put a variant into the cart."""

    variant_id: UUID
    quantity: Quantity = 1


class QuantityForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Change how many of a line."""

    quantity: Quantity


class EmptyForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A button and nothing else."""


class PreferencesForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another language or another currency, and the page to come back to."""

    return_to: Path = "/"
    locale: Short | None = None
    currency: Short | None = None


class LogInForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """E-mail and password."""

    email: Line
    password: Line
    return_to: Path = "/"


class RegisterForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new account."""

    name: Line
    email: Line
    password: Line
    return_to: Path = "/"


class AddressForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address of the address book; `version` is the one that was shown."""

    name: Line
    phone: Short
    country: Short
    city: Line
    line1: Line
    region: Line = ""
    postal_code: Short = ""
    line2: Line = ""
    is_default: Literal["yes"] | None = None
    version: Annotated[int, msgspec.Meta(ge=1)] | None = None


class CheckoutForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole checkout. An empty `address_id` means the address that is written into the fields."""

    cart_id: UUID
    idempotency_key: UUID
    address_id: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$")] = ""
    name: Line = ""
    phone: Short = ""
    email: Line = ""
    country: Short = ""
    region: Line = ""
    city: Line = ""
    postal_code: Short = ""
    line1: Line = ""
    line2: Line = ""
    delivery: Literal["standard", "express"] = "standard"
    payment: Short = ""
    expected_total: Annotated[int, msgspec.Meta(ge=0)] | None = None
    expected_currency: Short = ""
    action: Literal["order", "update"] = "update"


class PaymentMethodForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another way to pay a purchase that was ordered already."""

    payment: Short


class ShipForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parcel that was handed to a carrier."""

    carrier: Short
    tracking_number: Short


class SellerReviewForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stars and words; the limits of the words are the reviews' own."""

    body: Words
    score: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None


class ProductReviewForm(msgspec.Struct, frozen=True):
    """A review with pictures, as bytes that nobody has looked at yet."""

    body: str
    score: int | None
    pictures: tuple[bytes, ...]


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


class ResolutionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a difference between a bill and the books is resolved: the button that was pressed, and a note."""

    resolution: Literal["explain", "recheck", "accept_theirs", "write_off", "book"]
    note: Words = ""


class ProposalForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in major units, as people write it, and why."""

    amount: Short
    answer: Words = ""


class MoneyForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money that came: an amount in major units, as people write it, and the number it is known by."""

    amount: Short
    reference: Short


class ReferenceForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of money that was paid back."""

    reference: Short


class ReasonForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why money cannot be paid back."""

    reason: Line


class DecisionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The platform's decision; an empty amount is the whole one."""

    in_favour: Literal["yes", "no"]
    answer: Words
    amount: Short = ""
    as_refund: Literal["yes", ""] = ""


class ReturnAddressForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where goods go back to, line by line."""

    return_address: Words


def decode_form(body: bytes, content_type: str, form: type[Form]) -> Form:
    """Read an urlencoded form. Raises BadForm for anything but exactly its fields, each once and within its bounds."""
    try:
        return msgspec.convert(_decode_pairs(body, content_type), form, strict=False)
    except msgspec.ValidationError:
        raise BadForm from None


def decode_restocked(body: bytes, content_type: str) -> dict[UUID, int]:
    """Read an inspection: `restocked-<order line>`, the units that can be sold again. Raises BadForm."""
    pairs = _decode_pairs(body, content_type)
    if not all(name.startswith(_RESTOCKED) for name in pairs):
        raise BadForm
    named = {name.removeprefix(_RESTOCKED): value for name, value in pairs.items()}
    try:
        return msgspec.convert(named, dict[UUID, Annotated[int, msgspec.Meta(ge=0, le=999)]], strict=False)
    except msgspec.ValidationError:
        raise BadForm from None


def _decode_pairs(body: bytes, content_type: str) -> dict[str, str]:
    typed = content_type.partition(";")[0].strip().lower() == _URLENCODED
    if len(body) > MAX_FORM_BYTES or (body and not typed):
        raise BadForm
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict",
            max_num_fields=MAX_FIELDS,
        )  # fmt: skip
    except ValueError:
        raise BadForm from None
    values = dict(pairs)
    if len(values) != len(pairs):
        raise BadForm
    return values


async def read_form(request: PlainRequest, form: type[Form]) -> Form:
    """Read the request's body as a form. Raises BadForm."""
    return decode_form(await request.body(), request.headers.get("content-type", ""), form)


async def read_restocked(request: PlainRequest) -> dict[UUID, int]:
    """Read the request's body as an inspection. Raises BadForm."""
    return decode_restocked(await request.body(), request.headers.get("content-type", ""))


async def read_review_form(request: PlainRequest) -> ProductReviewForm:
    """Read a multipart form with pictures. Raises BadForm, TooManyPictures."""
    words, pictures = await _read_pictured(request, SellerReviewForm)
    return ProductReviewForm(words.body, words.score, pictures)


async def read_return_form(request: PlainRequest) -> tuple[ReturnForm, tuple[bytes, ...]]:
    """Read an application for after-sales and its pictures. Raises BadForm, TooManyPictures."""
    return await _read_pictured(request, ReturnForm)


async def _read_pictured(request: PlainRequest, form: type[Form]) -> tuple[Form, tuple[bytes, ...]]:
    """A multipart form: its fields, each at most once, and files under `pictures`."""
    if request.content_type[0] != "multipart/form-data":
        raise BadForm
    data = await request.form()
    fields = {name: data[name] for name in data if name != "pictures"}
    if any(len(data.getall(name)) != 1 for name in fields):
        raise BadForm
    try:
        words = msgspec.convert(fields, form, strict=False)
    except msgspec.ValidationError:
        raise BadForm from None
    files = data.getall("pictures", [])
    if not all(isinstance(file, UploadFile) for file in files):
        files = [file for file in files if file != ""]  # what some browsers send for no file
        if not all(isinstance(file, UploadFile) for file in files):
            raise BadForm
    pictures = [content for content in [await file.read(MAX_PICTURE_BYTES + 1) for file in files] if content]
    if len(pictures) > MAX_PICTURES or any(len(content) > MAX_PICTURE_BYTES for content in pictures):
        raise TooManyPictures(
            most=MAX_PICTURES, megabytes=MAX_PICTURE_BYTES // 1024 // 1024, field="pictures"
        )
    return words, tuple(pictures)


def local_path(given: str) -> str:
    """The path if it stays in this shop, else the first page: a link must not send people elsewhere through us."""
    return given if _LOCAL_PATH.fullmatch(given) else "/"


def form_view(values: Mapping[str, object], *, errors: Mapping[str, str] | None = None) -> FormView:
    """A form to show again; secrets never are."""
    shown = {name: str(value) for name, value in values.items() if value is not None and name != "password"}
    return FormView(values=shown, errors=dict(errors or {}))


def errors_of(error: DomainError, text: str, *, fields: frozenset[str] | set[str]) -> dict[str, str]:
    """Where a refusal belongs: to the field it names, if the form has that field, else to the whole form."""
    field = error.params.get("field")
    return {str(field) if field in fields else "form": text}
