"""Refusals of the API itself. What is common to everything on HTTP is in `merx.infra.http`, the rest in the domains."""

from merx.kit.errors import Invalid


class BadField(Invalid):
    """A field of the body is missing, unknown, or not of its type; `errors` points to it (RFC 6901)."""

    code = "invalid_field"
    message = "A field of the request is missing, unknown or of the wrong type: %(pointer)s"


class BadParameter(Invalid):
    """A query parameter is unknown or not of its type; `errors` names it."""

    code = "invalid_parameter"
    message = "A parameter of the address is unknown or of the wrong type: %(pointer)s"


class UnknownCurrency(Invalid):
    """The shop does not sell in this currency."""

    code = "unknown_currency"
    message = "The shop sells in these currencies: %(currencies)s."


class ArticleChoice(Invalid):
    """An article is named twice or not at all."""

    code = "article_choice"
    message = "Name the article either by variant_id or by sku."


class AddressChoice(Invalid):
    """A delivery address is given twice or not at all."""

    code = "address_choice"
    message = "Give either an address or the id of one of your saved addresses."


class PriceGivenTwice(Invalid):
    """A currency appears more than once in a list of prices."""

    code = "price_given_twice"
    message = "Give one price per currency."
