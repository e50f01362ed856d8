"""Moves of products."""

from typing import Final

from merx.kit.states import StateTable

PRODUCT: Final = StateTable(
    "product",
    initial=["draft", "published", "archived"],  # an import may bring a product in any state
    moves={"draft": ["published", "archived"], "published": ["archived"], "archived": ["published"]},
)
