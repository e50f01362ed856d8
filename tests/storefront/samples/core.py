"""What the samples of all features are made of: words, pictures, amounts, lines and addresses."""

from datetime import UTC, datetime
from decimal import Decimal

from merx.kit.money import Money
from merx.storefront.core import views

Pages = dict[str, tuple[str, views.View]]
"""Template and view, by the name of a sample."""
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ZH = {
    "Field camera": "旷野胶片相机",
    "Linen sofa": "亚麻双人沙发",
    "Trail shoes": "山径越野跑鞋",
    "Studio headphones": "录音室头戴耳机",
    "Snake plant": "虎尾兰盆栽",
    "Reading chair": "静读单椅",
    "Light laptop 14": "轻薄笔记本 14",
    "Climbing rope": "攀岩主绳",
    "Electronics": "电子数码",
    "Sports & Outdoor": "运动户外",
    "Home & Garden": "家居园艺",
    "Computers": "电脑",
    "Photo": "摄影",
    "Northlight Studio": "北光影像",
    "Slow House": "慢屋家居",
    "A mechanical camera for people who like to decide for themselves.\nMetal body, bright viewfinder, one fast lens.": (
        "为喜欢自己做主的人准备的机械相机。\n金属机身，明亮取景，一支大光圈镜头。"
    ),
    "Silver · 35 mm": "银色 · 35 毫米",
    "Silver": "银色",
    "Black": "黑色",
    "Colour": "颜色",
    "Lens": "镜头",
    "35 mm": "35 毫米",
    "50 mm": "50 毫米",
    "Brand": "品牌",
    "Halden": "哈登",
    "Heavier than it looks, and that is a good thing. The shutter sound alone is worth it.": (
        "比看上去更有分量，这是好事。光是快门声就值了。"
    ),
}
PHOTOS = {
    "Field camera": ("jakob-owens-274337-unsplash", 1600, 1067, "#6b655d"),
    "Linen sofa": ("nathan-fertig-249917-unsplash", 1600, 1067, "#b9b2a6"),
    "Trail shoes": ("thomas-serer-420833-unsplash", 1600, 1067, "#8e8a88"),
    "Studio headphones": ("alexandru-acea-686569-unsplash", 1600, 1067, "#7d7b78"),
    "Snake plant": ("silvia-agrasar-227575-unsplash", 1067, 1600, "#8a9a86"),
    "Reading chair": ("jean-philippe-delberghe-1400011-unsplash", 1067, 1600, "#c8c0b2"),
    "Light laptop 14": ("derick-david-409858-unsplash", 1600, 1067, "#9aa0a6"),
    "Climbing rope": ("stoica-ionela-530966-unsplash", 1067, 1600, "#aa8577"),
    "Electronics": ("florian-olivo-1166419-unsplash", 1600, 1067, "#4d4a52"),
    "Sports & Outdoor": ("michael-guite-571169-unsplash", 1600, 1067, "#7e8b93"),
    "Home & Garden": ("abel-y-costa-716024-unsplash", 1600, 1067, "#9c8f84"),
}
PRICES = {
    "CNY": (329900, 456000, 89900, 219900, 19900, 268000, 949900, 65900),
    "USD": (46900, 64900, 12900, 29900, 2900, 38900, 129900, 8900),
}
PRODUCTS = tuple(PHOTOS)[:8]


def text(english: str, locale: str) -> str:
    """A sample's word in the page's language."""
    return ZH[english] if locale == "zh-CN" else english


def money(amount: int, currency: str) -> Money:
    """An amount of the page's currency."""
    return Money(amount, currency)


def picture(name: str, locale: str) -> views.PictureView:
    """A sample photo."""
    file, width, height, colour = PHOTOS[name]
    src = f"/media/{file}.jpg"
    return views.PictureView(
        src=src, avif="", webp="", width=width, height=height, colour=colour, alt=text(name, locale)
    )


def rating() -> views.RatingView:
    """4.6 of 5 by 128 people."""
    return views.RatingView(average=Decimal("4.6"), count=128)


def card(index: int, locale: str, currency: str) -> views.ProductCard:
    """A product of a list."""
    name = PRODUCTS[index]
    return views.ProductCard(
        title=text(name, locale),
        url="/products/field-camera",
        seller_name=text("Northlight Studio" if index % 2 == 0 else "Slow House", locale),
        picture=picture(name, locale),
        price=money(PRICES[currency][index], currency),
        price_from=index in {0, 6},
        rating=rating() if index % 3 == 0 else None,
    )


def categories(locale: str) -> tuple[views.CategoryLink, ...]:
    """The first level of the tree."""
    names = ("Electronics", "Sports & Outdoor", "Home & Garden")
    return tuple(
        views.CategoryLink(
            name=text(name, locale),
            url=f"/categories/{index}",
            picture=picture(name, locale),
            current=index == 0,
        )
        for index, name in enumerate(names)
    )


def chrome(
    locale: str, currency: str, path: str = "/", personal: views.PersonalView | None = None
) -> views.ChromeView:
    """What is around each page."""
    return views.ChromeView(
        path=path,
        canonical=f"http://localhost:8000{path}",
        currency=currency,
        locales=("zh-CN", "en"),
        currencies=("CNY", "USD"),
        categories=tuple(views.CategoryLink(name=c.name, url=c.url) for c in categories(locale)),
        personal=personal
        or views.PersonalView(cart_count=2, name="林小雨" if locale == "zh-CN" else "Ada Byron", sells=True),
    )


def line(index: int, locale: str, currency: str, **changes: object) -> views.CartLineView:
    """A line of a cart."""
    name = PRODUCTS[index]
    facts: dict[str, object] = {
        "line_id": f"line-{index}",
        "title": text(name, locale),
        "url": "/products/field-camera",
        "variant": text("Silver · 35 mm", locale) if index == 0 else "",
        "picture": picture(name, locale),
        "unit_price": money(PRICES[currency][index], currency),
        "total": money(PRICES[currency][index], currency),
        "quantity": 1,
        "max_quantity": 20,
        **changes,
    }
    return views.CartLineView(**facts)  # type: ignore[arg-type]


def totals(currency: str) -> views.TotalsView:
    """Two shops' goods, one delivered free."""
    goods = PRICES[currency][0] + PRICES[currency][1]
    return views.TotalsView(
        items=money(goods, currency),
        item_count=2,
        shipping=money(1500, currency),
        shipping_rows=(("Northlight Studio", money(1500, currency)), ("Slow House", money(0, currency))),
        tax=money((goods + 1500) * 13 // 113, currency),
        total=money(goods + 1500, currency),
    )


def address(locale: str) -> views.AddressView:
    """Where things go."""
    if locale == "zh-CN":
        lines = ("上海市 徐汇区", "武康路 100 号 3 楼", "200031")
        return views.AddressView(
            address_id="a1", recipient="林小雨", phone="138 0013 8000", lines=lines, is_default=True
        )
    lines = ("12 St James's Square", "London SW1Y 4JH", "United Kingdom")
    return views.AddressView(
        address_id="a1", recipient="Ada Byron", phone="+44 20 7946 0000", lines=lines, is_default=True
    )


def address_form(form: views.FormView | None = None, *, asks_email: bool = False) -> views.AddressFormView:
    """An empty address."""
    countries = (("CN", "China / 中国"), ("GB", "United Kingdom"), ("US", "United States"))
    return views.AddressFormView(form=form or views.FormView(), countries=countries, asks_email=asks_email)


def order_line(locale: str, currency: str, *, more: bool = True) -> views.OrderLineView:
    """A line of an order; `more`: its buyer may review it and send it back."""
    return views.OrderLineView(
        line_id="l1",
        title=text("Field camera", locale),
        url="/products/field-camera",
        variant=text("Silver · 35 mm", locale),
        picture=picture("Field camera", locale),
        quantity=1,
        unit_price=money(PRICES[currency][0], currency),
        total=money(PRICES[currency][0], currency),
        can_review=more,
        return_url="/purchases/1/orders/1/lines/l1/return" if more else None,
    )
