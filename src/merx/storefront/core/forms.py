"""Forms: what browsers send, strictly read. The machinery, and forms that several features use."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from merx.cart import MAX_QUANTITY
from merx.kit.errors import DomainError, Invalid
from merx.storefront.core.views import FormView

MAX_FIELDS: Final = 64


MAX_FORM_BYTES: Final = 64 * 1024


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


Quantity = Annotated[int, msgspec.Meta(ge=1, le=MAX_QUANTITY)]


class BadForm(Invalid):
    """The fields are not those of the form, or not in its limits: no browser sends that from our page."""

    code = "bad_form"
    message = "The form did not arrive as this page sends it."


class TooManyPictures(Invalid):
    """More pictures than a review takes, or too large ones."""

    code = "too_many_pictures"
    message = "Send at most %(most)s pictures of at most %(megabytes)s MB each."


class EmptyForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A button and nothing else."""


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


class ShipForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parcel that was handed to a carrier."""

    carrier: Short
    tracking_number: Short


class MoneyForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money that came: an amount in major units, as people write it, and the number it is known by."""

    amount: Short
    reference: Short


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
        return msgspec.convert(
            named, dict[UUID, Annotated[int, msgspec.Meta(ge=0, le=MAX_QUANTITY)]], strict=False
        )
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


async def read_pictured(
    request: PlainRequest, form: type[Form], *, most: int
) -> tuple[Form, tuple[bytes, ...]]:
    """A multipart form: its fields, each at most once, and at most so many files under `pictures`."""
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
    if len(pictures) > most or any(len(content) > MAX_PICTURE_BYTES for content in pictures):
        raise TooManyPictures(most=most, megabytes=MAX_PICTURE_BYTES // 1024 // 1024, field="pictures")
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
