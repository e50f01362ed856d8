"""Refusals of the catalogue."""

from merx.kit.errors import Conflict, Invalid, NotFound


class UnknownProduct(NotFound):
    """No such product, not on sale, or not this seller's."""

    code = "unknown_product"
    message = "This product does not exist or is not on sale."


class UnknownVariant(NotFound):
    """No such variant is for sale."""

    code = "unknown_variant"
    message = "There is no such article for sale."


class UnknownCategory(NotFound):
    """No category has this code."""

    code = "unknown_category"
    message = "This category does not exist."


class StaleVersion(Conflict):
    """Somebody else changed it in between; `current` is the version now."""

    code = "stale_version"
    message = (
        "This was changed in the meantime (now version %(current)s). Look at it again before you change it."
    )


class IllegalMove(Conflict):
    """The product's state does not lead to the wanted one."""

    code = "illegal_product_state"
    message = "A product that is %(source)s cannot become %(target)s."


class NotPublishable(Conflict):
    """Nothing of the product could be bought."""

    code = "not_publishable"
    message = "Give at least one active variant a price before you publish the product."


class CatalogChanged(Conflict):
    """A concurrent writer took a SKU or a slug between our look and our write; nothing was written."""

    code = "catalog_changed"
    message = "The catalogue was changed at the same moment. Try again."


class BadProduct(Invalid):
    """A value of a product is not acceptable."""

    code = "bad_product"
    message = "This value of the product is not acceptable (%(reason)s): %(detail)s"


class BadCategory(Invalid):
    """A category draft is not acceptable."""

    code = "bad_category"
    message = "This category is not acceptable (%(reason)s): %(detail)s"


class BadMedia(Invalid):
    """A product's pictures name a picture that does not exist."""

    code = "bad_media"
    message = "There is no such picture: %(detail)s"
