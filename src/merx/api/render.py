"""From the shop's nouns to answers: amounts, catalogue, carts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from merx.accounts import Account, PostalAddress, SavedAddress
from merx.api import account_views, cart_views, views
from merx.cart import CartLineView, CartView
from merx.catalog import Category, Picture, Product, ProductCard, Variant
from merx.kit.money import exponent
from merx.payments.providers import PaymentProvider
from merx.pricing import ExplanationLine, Quote, explain
from merx.queries.identity import Identity
from merx.reviews import ProductReview, Rating
from merx.sellers import DeliveryRate, Seller

SHOWN_STOCK = 99
MEDIA = "/media/"


def money(amount: int, currency: str) -> views.MoneyView:
    """An amount of minor units."""
    return views.MoneyView(amount=amount, currency=currency, exponent=exponent(currency))


def maybe_money(amount: int | None, currency: str) -> views.MoneyView | None:
    """An amount that may be unknown."""
    return None if amount is None else money(amount, currency)


def prices(amounts: Mapping[str, int]) -> list[views.MoneyView]:
    """Prices, by currency."""
    return [money(amount, currency) for currency, amount in sorted(amounts.items())]


def totals(*, currency: str, goods: int, shipping: int, tax: int, total: int) -> cart_views.TotalsView:
    """The four sums of something that is paid."""
    return cart_views.TotalsView(
        goods=money(goods, currency),
        shipping=money(shipping, currency),
        tax=money(tax, currency),
        total=money(total, currency),
    )


# ---------------------------------------------------------------- catalogue


def picture(found: Picture) -> views.PictureView:
    """A picture with the addresses of its files."""
    return views.PictureView(
        files=[
            views.PictureFileView(
                format=file.format, width=file.width, height=file.height, url=MEDIA + file.path
            )
            for file in found.files
        ],
        width=found.width,
        height=found.height,
        colour=found.colour,
        alt=found.alt,
        credit=found.credit,
    )


def card(found: ProductCard) -> views.ProductCardView:
    """A product in a list."""
    return views.ProductCardView(
        id=found.id,
        slug=found.slug,
        title=found.title,
        seller_id=found.seller_id,
        picture=picture(found.picture) if found.picture else None,
        prices_from=prices(found.price_from),
        published_at=found.published_at,
    )


def category(found: Category) -> views.CategoryView:
    """A category."""
    return views.CategoryView(id=found.id, parent_id=found.parent_id, code=found.code, name=found.name)


def seller(found: Seller | None) -> views.SellerView | None:
    """A seller."""
    return None if found is None else views.SellerView(id=found.id, code=found.code, name=found.name)


def rating(found: Rating) -> views.RatingView:
    """A rating."""
    return views.RatingView(count=found.count, average_tenths=found.average_tenths)


def _options(found: Product) -> list[views.OptionView]:
    return [
        views.OptionView(
            code=option.code,
            name=option.name,
            values=[views.OptionValueView(code=value.code, label=value.label) for value in option.values],
        )
        for option in found.options
    ]


def _facets(found: Product) -> list[views.FacetView]:
    return [
        views.FacetView(code=facet.code, value=facet.value, name=facet.name, label=facet.label)
        for facet in found.facets
    ]


def product(
    found: Product, *, by: Seller | None, stock: Mapping[UUID, int], rated: Rating
) -> views.ProductView:
    """A product as shoppers see it: its active variants, with stock up to SHOWN_STOCK."""
    return views.ProductView(
        id=found.id,
        slug=found.slug,
        title=found.title,
        description=found.description,
        seller=seller(by),
        options=_options(found),
        facets=_facets(found),
        categories=[category(each) for each in found.categories],
        pictures=[picture(each) for each in found.pictures],
        variants=[
            views.VariantView(
                id=each.id,
                sku=each.sku,
                label=each.label,
                options=each.options,
                prices=prices(each.prices),
                tax_rate_bp=each.tax_rate_bp,
                available=shown_stock(stock.get(each.id, 0)),
            )
            for each in found.variants
            if each.state == "active"
        ],
        rating=rating(rated),
        published_at=found.published_at,
        version=found.version,
    )


def shown_stock(units: int) -> int:
    """How many units are told to strangers: what a shop has in all is its own business."""
    return max(0, min(units, SHOWN_STOCK))


def seller_product(found: Product) -> views.SellerProductView:
    """A product for those who manage it."""
    return views.SellerProductView(
        id=found.id,
        seller_id=found.seller_id,
        slug=found.slug,
        title=found.title,
        description=found.description,
        state=found.state,
        options=_options(found),
        facets=_facets(found),
        categories=[category(each) for each in found.categories],
        pictures=[picture(each) for each in found.pictures],
        variants=[seller_variant(each) for each in found.variants],
        published_at=found.published_at,
        version=found.version,
    )


def seller_variant(found: Variant) -> views.SellerVariantView:
    """A variant for those who manage it."""
    return views.SellerVariantView(
        id=found.id,
        product_id=found.product_id,
        sku=found.sku,
        label=found.label,
        options=found.options,
        state=found.state,
        tax_rate_bp=found.tax_rate_bp,
        prices=prices(found.prices),
        version=found.version,
    )


def product_review(found: ProductReview) -> views.ProductReviewView:
    """A review; which order it came from is not said."""
    return views.ProductReviewView(
        score=found.score,
        body=found.body,
        pictures=[picture(each) for each in found.media],
        author_name=found.author_name,
        locale=found.locale,
        created_at=found.created_at,
    )


# ---------------------------------------------------------------- carts


def cart(found: CartView, *, address: PostalAddress | None) -> cart_views.CartView:
    """A cart priced now."""
    mine = found.cart
    return cart_views.CartView(
        id=mine.id,
        state=mine.state,
        currency=mine.currency,
        locale=mine.locale,
        version=mine.version,
        lines=[_cart_line(line, mine.currency) for line in found.lines],
        totals=quote_totals(found.quote),
        address=postal_address(address) if address else None,
        delivery=mine.delivery,
        payment_method=mine.provider,
        problems=found.problems,
        purchase_id=mine.purchase_id,
    )


def _cart_line(line: CartLineView, currency: str) -> cart_views.CartLineView:
    return cart_views.CartLineView(
        variant_id=line.variant_id,
        product_id=line.product_id,
        seller_id=line.seller_id,
        sku=line.sku,
        slug=line.slug,
        title=line.title,
        label=line.label,
        picture=picture(line.picture) if line.picture else None,
        quantity=line.quantity,
        unit_price=maybe_money(line.unit_price, currency),
        total=maybe_money(line.total, currency),
        available=shown_stock(line.available),
        problem=line.problem,
    )


def quote_totals(quote: Quote | None) -> cart_views.TotalsView | None:
    """The sums of a quote, if there is one."""
    if quote is None:
        return None
    return totals(
        currency=quote.currency, goods=quote.goods, shipping=quote.shipping, tax=quote.tax, total=quote.total
    )


def explanation(traced: Iterable[ExplanationLine], currency: str) -> list[cart_views.ExplanationView]:
    """Where every minor unit of a total comes from."""
    return [
        cart_views.ExplanationView(
            kind=line.kind,
            amount=money(line.amount, currency),
            seller_id=line.seller_id,
            sku=line.sku,
            quantity=line.quantity,
            unit_price=maybe_money(line.unit_price, currency),
            rate_bp=line.rate_bp,
            free=line.free,
        )
        for line in traced
    ]


def quoted(
    found: CartView, *, rates: Sequence[DeliveryRate], providers: Iterable[PaymentProvider]
) -> cart_views.QuoteView:
    """What a cart costs now, why, and what can be chosen for it."""
    quote = found.quote
    currency = found.cart.currency
    orders = quote.orders if quote else []
    return cart_views.QuoteView(
        cart_id=found.cart.id,
        version=found.cart.version,
        totals=quote_totals(quote),
        orders=[
            cart_views.QuotedOrderView(
                seller_id=order.seller_id,
                totals=totals(
                    currency=currency,
                    goods=order.goods,
                    shipping=order.shipping,
                    tax=order.tax,
                    total=order.total,
                ),
                free_shipping=order.free_shipping,
            )
            for order in orders
        ],
        explanation=explanation(explain(quote), currency) if quote else [],
        offers=cart_views.OffersView(
            delivery_methods=_deliveries(quote, rates, found.cart.country) if quote else [],
            payment_methods=[
                cart_views.PaymentMethodView(code=provider.code, label=dict(provider.label))
                for provider in providers
            ],
        ),
        problems=found.problems,
    )


def _deliveries(
    quote: Quote, rates: Sequence[DeliveryRate], country: str | None
) -> list[cart_views.DeliveryOfferView]:
    """The methods every seller of the quote offers in its currency, to this country if it is known."""
    offers = []
    for method in dict.fromkeys(rate.method for rate in rates):
        by_seller = {
            rate.seller_id: rate
            for rate in rates
            if rate.method == method
            and rate.currency == quote.currency
            and (country is None or country in rate.countries)
        }
        if any(order.seller_id not in by_seller for order in quote.orders):
            continue
        charged = [_charge(by_seller[order.seller_id], order.goods) for order in quote.orders]
        offers.append(cart_views.DeliveryOfferView(method=method, amount=money(sum(charged), quote.currency)))
    return offers


def _charge(rate: DeliveryRate, goods: int) -> int:
    return 0 if rate.free_from is not None and goods >= rate.free_from else rate.amount


# ---------------------------------------------------------------- accounts


def postal_address(found: PostalAddress) -> cart_views.AddressView:
    """An address."""
    return cart_views.AddressView(
        name=found.name,
        phone=found.phone,
        line1=found.line1,
        line2=found.line2,
        city=found.city,
        region=found.region,
        postal_code=found.postal_code,
        country=found.country,
        email=found.email,
    )


def saved_address(found: SavedAddress) -> account_views.SavedAddressView:
    """An address of an address book."""
    return account_views.SavedAddressView(
        id=found.id,
        address=postal_address(found.address),
        is_default=found.is_default,
        version=found.version,
    )


def account(found: Account, seller_ids: Iterable[UUID] = ()) -> account_views.AccountView:
    """An account, for its owner."""
    return account_views.AccountView(
        id=found.id,
        email=found.email,
        name=found.name,
        locale=found.locale,
        created_at=found.created_at,
        seller_ids=sorted(seller_ids),
    )


def identity(found: Identity) -> account_views.AccountView:
    """Who is logged in."""
    return account(found.account, found.seller_ids)
