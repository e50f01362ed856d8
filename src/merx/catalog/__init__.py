"""The catalogue: categories, products with their variants, prices and pictures.

Everything a shopper sees of a product is one thing with one version: whoever writes any part of it holds the
product's lock, bumps its version and publishes ProductChanged, so a cached page is right exactly as long as
the version is. Prices are per currency, tax included, never converted, and every amount a price ever had
stays in price_versions.
"""

from merx.catalog.edit_product import edit_product
from merx.catalog.errors import (
    BadCategory,
    BadMedia,
    BadProduct,
    CatalogChanged,
    IllegalMove,
    NotPublishable,
    StaleVersion,
    UnknownCategory,
    UnknownProduct,
    UnknownVariant,
)
from merx.catalog.events import (
    ProductChanged,
)
from merx.catalog.handlers import (
    LISTS,
    OfAvailability,
    OfProduct,
    forget_changed_availability,
    forget_changed_product,
)
from merx.catalog.media import NotAPicture, PictureTooLarge, render_picture, render_pictures
from merx.catalog.model import (
    Category,
    CategoryDraft,
    Facet,
    MediaDraft,
    MediaFile,
    Option,
    OptionValue,
    Page,
    Picture,
    PictureFile,
    Product,
    ProductCard,
    ProductChanges,
    ProductDraft,
    ProductState,
    Refusal,
    RefusalReason,
    Sort,
    UpsertReport,
    Variant,
    VariantDraft,
    VariantState,
)
from merx.catalog.queries import cards, category_by_code, list_products, product_by_id, product_by_slug
from merx.catalog.rules import MAX_CODE, MAX_DESCRIPTION, MAX_LABEL, MAX_PRICE, MAX_TITLE
from merx.catalog.set_media import set_media
from merx.catalog.set_prices import set_prices
from merx.catalog.settings import MediaSettings
from merx.catalog.store.categories import category_tree
from merx.catalog.store.pictures import pictures_of, save_media
from merx.catalog.store.products import owners, products_by_id
from merx.catalog.store.variants import product_of_variant, variant_by_sku, variant_ids
from merx.catalog.upsert import upsert_products
from merx.catalog.upsert_categories import upsert_categories

__all__ = [
    "LISTS",
    "MAX_CODE",
    "MAX_DESCRIPTION",
    "MAX_LABEL",
    "MAX_PRICE",
    "MAX_TITLE",
    "BadCategory",
    "BadMedia",
    "BadProduct",
    "CatalogChanged",
    "Category",
    "CategoryDraft",
    "Facet",
    "IllegalMove",
    "MediaDraft",
    "MediaFile",
    "MediaSettings",
    "NotAPicture",
    "NotPublishable",
    "OfAvailability",
    "OfProduct",
    "Option",
    "OptionValue",
    "Page",
    "Picture",
    "PictureFile",
    "PictureTooLarge",
    "Product",
    "ProductCard",
    "ProductChanged",
    "ProductChanges",
    "ProductDraft",
    "ProductState",
    "Refusal",
    "RefusalReason",
    "Sort",
    "StaleVersion",
    "UnknownCategory",
    "UnknownProduct",
    "UnknownVariant",
    "UpsertReport",
    "Variant",
    "VariantDraft",
    "VariantState",
    "cards",
    "category_by_code",
    "category_tree",
    "edit_product",
    "forget_changed_availability",
    "forget_changed_product",
    "list_products",
    "owners",
    "pictures_of",
    "product_by_id",
    "product_by_slug",
    "product_of_variant",
    "products_by_id",
    "render_picture",
    "render_pictures",
    "save_media",
    "set_media",
    "set_prices",
    "upsert_categories",
    "upsert_products",
    "variant_by_sku",
    "variant_ids",
]
