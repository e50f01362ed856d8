"""Payment methods: what the buyer chooses. "May this purchase be paid this way?" is decided here and nowhere else."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from merx.kit.errors import Conflict
from merx.payments.providers.model import MethodTerms

_SHOWN: Final = 40
"""Characters of a code that is shown again."""


class Manner(StrEnum):
    """How a method is paid."""

    ONLINE = "online"
    """With a provider that knows of the money."""
    TRANSFER = "transfer"
    """To an account that people look at."""
    DOOR = "door"
    """In cash, when the goods come: beginning to pay authorizes it."""


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A payment method at this moment; `is_down`: its provider did not answer lately."""

    code: str
    label: Mapping[str, str]
    currencies: frozenset[str]
    terms: MethodTerms = MethodTerms()
    manner: Manner = Manner.ONLINE
    is_down: bool = False


class Sale(msgspec.Struct, frozen=True):
    """What a payment method has to serve: an amount of this currency, for so many sellers, to this country.

    A country that is not known yet speaks against nothing.
    """

    currency: str
    sellers: int
    country: str | None


class MethodProblem(StrEnum):
    """Why a purchase may not be paid this way."""

    UNKNOWN = "unknown"
    CURRENCY = "currency"
    SELLERS = "sellers"
    COUNTRY = "country"
    DOWN = "down"
    """For the moment only."""


class MethodNotOffered(Conflict):
    """A purchase cannot be paid this way. Params: `method`, `reason`; `offered` lists what can be chosen."""

    code = "payment_method_not_offered"
    message = "This cannot be paid this way at the moment. Choose another payment method."


Methods = Mapping[str, Method]
"""The methods of a shop at this moment, by code, in the order in which a checkout offers them."""


def method_problem(method: Method | None, sale: Sale) -> MethodProblem | None:
    """Why a purchase may not be paid so; None: it may. Pure."""
    if method is None:
        return MethodProblem.UNKNOWN
    if sale.currency not in method.currencies:
        return MethodProblem.CURRENCY
    terms = method.terms
    if terms.sellers is not None and sale.sellers > terms.sellers:
        return MethodProblem.SELLERS
    if terms.countries is not None and sale.country is not None and sale.country not in terms.countries:
        return MethodProblem.COUNTRY
    return MethodProblem.DOWN if method.is_down else None


def offered_methods(methods: Methods, sale: Sale) -> list[Method]:
    """The methods by which a purchase may be paid. Pure."""
    return [each for each in methods.values() if method_problem(each, sale) is None]


def check_method(methods: Methods, code: str, sale: Sale, *, field: str = "provider") -> Method:
    """The method of this code, by which a purchase may be paid. `field` names the input. Raises MethodNotOffered."""
    method = methods.get(code)
    problem = method_problem(method, sale)
    if method is None or problem is not None:
        others = ", ".join(each.code for each in offered_methods(methods, sale))
        reason = problem or MethodProblem.UNKNOWN
        raise MethodNotOffered(field=field, method=code[:_SHOWN], reason=reason.value, offered=others or "-")
    return method
