"""What the pages of carts show. Pure."""

from merx.storefront.core.views import PictureView, View


class AddedView(View, frozen=True, kw_only=True):
    """The message after a product went into the cart."""

    title: str
    quantity: int
    picture: PictureView | None
