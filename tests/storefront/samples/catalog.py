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

from merx.storefront import views as v


def product(locale: str, currency: str) -> v.ProductView:
    """A product with two options, one combination of them sold out."""
    description = next(key for key in ZH if key.startswith("A mechanical"))
    review = next(key for key in ZH if key.startswith("Heavier"))
    return v.ProductView(
        title=text("Field camera", locale),
        url="/products/field-camera",
        description=text(description, locale),
        seller_name=text("Northlight Studio", locale),
        brand=text("Halden", locale),
        trail=(
            v.CategoryLink(name=text("Electronics", locale), url="/categories/electronics"),
            v.CategoryLink(name=text("Photo", locale), url="/categories/photo"),
        ),
        pictures=(picture("Field camera", locale), picture("Studio headphones", locale)),
        sku="HAL-35-S",
        variant_id="01931b66-0000-7000-8000-000000000001",
        variant_label=text("Silver · 35 mm", locale),
        options=(
            v.OptionView(
                field="o1",
                name=text("Colour", locale),
                values=(
                    v.OptionValueView(
                        value="silver", label=text("Silver", locale), chosen=True, in_stock=True
                    ),
                    v.OptionValueView(
                        value="black", label=text("Black", locale), chosen=False, in_stock=True
                    ),
                ),
            ),
            v.OptionView(
                field="o2",
                name=text("Lens", locale),
                values=(
                    v.OptionValueView(value="35", label=text("35 mm", locale), chosen=True, in_stock=True),
                    v.OptionValueView(value="50", label=text("50 mm", locale), chosen=False, in_stock=False),
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
            v.ReviewView(
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
        v.SortLink(code=code, url=f"/categories/photo?sort={code}", current=code == "newest")
        for code in ("newest", "price_asc", "price_desc")
    )
    cards = tuple(card(index, locale, currency) for index in range(8))
    trail = (v.CategoryLink(name=text("Electronics", locale), url="/categories/electronics", current=True),)
    category = v.CategoryView(
        name=text("Electronics", locale), url="/categories/electronics", trail=trail,
        children=(v.CategoryLink(name=text("Computers", locale), url="/categories/computers"), v.CategoryLink(name=text("Photo", locale), url="/categories/photo")),
        sorts=sorts, products=cards, more_url="/categories/electronics?after=abc",
    )  # fmt: skip
    empty_category = v.CategoryView(
        name=text("Photo", locale),
        url="/categories/photo",
        trail=trail,
        children=(),
        sorts=sorts,
        products=(),
        more_url=None,
    )
    return {
        "home": ("home.html", v.HomeView(hero=cards[0], categories=categories(locale), newest=cards)),
        "category": ("category.html", category),
        "category-empty": ("category.html", empty_category),
        "product": ("product.html", product(locale, currency)),
    }
