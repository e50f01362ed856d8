"""Home, categories and products."""

from tests.storefront.samples.core import (
    AT,
    PRICES,
    ZH,
    Pages,
    card,
    categories,
    money,
    picture,
    rating,
    text,
)

from merx.storefront.catalog import view as catalog_view
from merx.storefront.core import views


def product(locale: str, currency: str) -> catalog_view.ProductView:
    """A product with two options, one combination of them sold out."""
    description = next(key for key in ZH if key.startswith("A mechanical"))
    review = next(key for key in ZH if key.startswith("Heavier"))
    return catalog_view.ProductView(
        title=text("Field camera", locale),
        url="/products/field-camera",
        description=text(description, locale),
        seller_name=text("Northlight Studio", locale),
        brand=text("Halden", locale),
        trail=(
            views.CategoryLink(name=text("Electronics", locale), url="/categories/electronics"),
            views.CategoryLink(name=text("Photo", locale), url="/categories/photo"),
        ),
        pictures=(picture("Field camera", locale), picture("Studio headphones", locale)),
        sku="HAL-35-S",
        variant_id="01931b66-0000-7000-8000-000000000001",
        variant_label=text("Silver · 35 mm", locale),
        options=(
            catalog_view.OptionView(
                field="o1",
                name=text("Colour", locale),
                values=(
                    catalog_view.OptionValueView(
                        value="silver", label=text("Silver", locale), chosen=True, in_stock=True
                    ),
                    catalog_view.OptionValueView(
                        value="black", label=text("Black", locale), chosen=False, in_stock=True
                    ),
                ),
            ),
            catalog_view.OptionView(
                field="o2",
                name=text("Lens", locale),
                values=(
                    catalog_view.OptionValueView(
                        value="35", label=text("35 mm", locale), chosen=True, in_stock=True
                    ),
                    catalog_view.OptionValueView(
                        value="50", label=text("50 mm", locale), chosen=False, in_stock=False
                    ),
                ),
            ),
        ),
        price=money(PRICES[currency][0], currency),
        stock="few_left",
        stock_left=3,
        max_quantity=3,
        delivery_from=money(1500, currency),
        facts=((text("Brand", locale), text("Halden", locale)), ("SKU", "HAL-35-S")),
        rating=rating(),
        reviews=tuple(
            catalog_view.ReviewView(
                author="王*" if locale == "zh-CN" else "A* B*",
                stars=stars,
                text=text(review, locale),
                variant=text("Silver · 35 mm", locale),
                written_at=AT,
                pictures=(picture("Field camera", locale),) if stars == 5 else (),
            )
            for stars in (5, 4)
        ),
        reviews_more_url="/products/field-camera?reviews=next",
        related=tuple(card(index, locale, currency) for index in (3, 6, 1, 5)),
    )


def pages(locale: str, currency: str) -> Pages:
    """What is looked at before anything is bought."""
    sorts = tuple(
        catalog_view.SortLink(code=code, url=f"/categories/photo?sort={code}", current=code == "newest")
        for code in ("newest", "price_asc", "price_desc")
    )
    cards = tuple(card(index, locale, currency) for index in range(8))
    trail = (
        views.CategoryLink(name=text("Electronics", locale), url="/categories/electronics", current=True),
    )
    category = catalog_view.CategoryView(
        name=text("Electronics", locale), url="/categories/electronics", trail=trail,
        children=(views.CategoryLink(name=text("Computers", locale), url="/categories/computers"), views.CategoryLink(name=text("Photo", locale), url="/categories/photo")),
        sorts=sorts, products=cards, more_url="/categories/electronics?after=abc",
    )  # fmt: skip
    empty_category = catalog_view.CategoryView(
        name=text("Photo", locale),
        url="/categories/photo",
        trail=trail,
        children=(),
        sorts=sorts,
        products=(),
        more_url=None,
    )
    return {
        "home": (
            "catalog/home.html",
            catalog_view.HomeView(hero=cards[0], categories=categories(locale), newest=cards),
        ),
        "category": ("catalog/category.html", category),
        "category-empty": ("catalog/category.html", empty_category),
        "product": ("catalog/product.html", product(locale, currency)),
    }
