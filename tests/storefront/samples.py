"""One filled view for every page: the tests draw them, and so can a person who works on a template."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from merx.kit.money import Money
from merx.storefront import dispute_views as d
from merx.storefront import payment_views as pv
from merx.storefront import reconciliation_views as c
from merx.storefront import return_views as r
from merx.storefront import views as v
from merx.storefront.paying import code_to_scan
from merx.storefront.platform_views import PlatformPaymentsView, WaitingPayment, WaitingRefund

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


def picture(name: str, locale: str) -> v.PictureView:
    """A sample photo."""
    file, width, height, colour = PHOTOS[name]
    src = f"/media/{file}.jpg"
    return v.PictureView(
        src=src, avif="", webp="", width=width, height=height, colour=colour, alt=text(name, locale)
    )


def rating() -> v.RatingView:
    """4.6 of 5 by 128 people."""
    return v.RatingView(average=Decimal("4.6"), count=128)


def card(index: int, locale: str, currency: str) -> v.ProductCard:
    """A product of a list."""
    name = PRODUCTS[index]
    return v.ProductCard(
        title=text(name, locale),
        url="/products/field-camera",
        seller_name=text("Northlight Studio" if index % 2 == 0 else "Slow House", locale),
        picture=picture(name, locale),
        price=money(PRICES[currency][index], currency),
        price_from=index in {0, 6},
        rating=rating() if index % 3 == 0 else None,
    )


def categories(locale: str) -> tuple[v.CategoryLink, ...]:
    """The first level of the tree."""
    names = ("Electronics", "Sports & Outdoor", "Home & Garden")
    return tuple(
        v.CategoryLink(
            name=text(name, locale),
            url=f"/categories/{index}",
            picture=picture(name, locale),
            current=index == 0,
        )
        for index, name in enumerate(names)
    )


def chrome(
    locale: str, currency: str, path: str = "/", personal: v.PersonalView | None = None
) -> v.ChromeView:
    """What is around each page."""
    return v.ChromeView(
        path=path,
        canonical=f"http://localhost:8000{path}",
        currency=currency,
        locales=("zh-CN", "en"),
        currencies=("CNY", "USD"),
        categories=tuple(v.CategoryLink(name=c.name, url=c.url) for c in categories(locale)),
        personal=personal
        or v.PersonalView(cart_count=2, name="林小雨" if locale == "zh-CN" else "Ada Byron", sells=True),
    )


def line(index: int, locale: str, currency: str, **changes: object) -> v.CartLineView:
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
    return v.CartLineView(**facts)  # type: ignore[arg-type]


def totals(currency: str) -> v.TotalsView:
    """Two shops' goods, one delivered free."""
    goods = PRICES[currency][0] + PRICES[currency][1]
    return v.TotalsView(
        items=money(goods, currency),
        item_count=2,
        shipping=money(1500, currency),
        shipping_rows=(("Northlight Studio", money(1500, currency)), ("Slow House", money(0, currency))),
        tax=money((goods + 1500) * 13 // 113, currency),
        total=money(goods + 1500, currency),
    )


def address(locale: str) -> v.AddressView:
    """Where things go."""
    if locale == "zh-CN":
        lines = ("上海市 徐汇区", "武康路 100 号 3 楼", "200031")
        return v.AddressView(
            address_id="a1", recipient="林小雨", phone="138 0013 8000", lines=lines, is_default=True
        )
    lines = ("12 St James's Square", "London SW1Y 4JH", "United Kingdom")
    return v.AddressView(
        address_id="a1", recipient="Ada Byron", phone="+44 20 7946 0000", lines=lines, is_default=True
    )


def address_form(form: v.FormView | None = None, *, asks_email: bool = False) -> v.AddressFormView:
    """An empty address."""
    countries = (("CN", "China / 中国"), ("GB", "United Kingdom"), ("US", "United States"))
    return v.AddressFormView(form=form or v.FormView(), countries=countries, asks_email=asks_email)


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


def cart(locale: str, currency: str) -> v.CartView:
    """Two shops, one line that asks for too many."""
    return v.CartView(
        groups=(
            v.CartGroupView(
                seller_name=text("Northlight Studio", locale),
                lines=(
                    line(0, locale, currency),
                    line(6, locale, currency, quantity=5, problem="fewer_left", left=2, total=None),
                ),
                subtotal=money(PRICES[currency][0], currency),
            ),
            v.CartGroupView(
                seller_name=text("Slow House", locale),
                lines=(line(1, locale, currency), line(4, locale, currency, problem="sold_out", total=None)),
                subtotal=money(PRICES[currency][1], currency),
            ),
        ),
        count=2,
        total=money(PRICES[currency][0] + PRICES[currency][1], currency),
        can_check_out=False,
    )


def checkout(locale: str, currency: str, *, guest: bool = False) -> v.CheckoutView:
    """A checkout ready to be ordered; a guest's has no address yet and one mistake."""
    errors = (
        v.FormView(values={"country": "CN", "phone": "12"}, errors={"phone": "…"})
        if guest
        else v.FormView(values={"country": "CN"})
    )
    return v.CheckoutView(
        addresses=() if guest else (address(locale),),
        address_id="" if guest else "a1",
        new_address=address_form(errors, asks_email=guest),
        groups=(
            v.CheckoutGroupView(
                seller_name=text("Northlight Studio", locale),
                lines=(line(0, locale, currency),),
                subtotal=money(PRICES[currency][0], currency),
            ),
            v.CheckoutGroupView(
                seller_name=text("Slow House", locale),
                lines=(line(1, locale, currency),),
                subtotal=money(PRICES[currency][1], currency),
            ),
        ),
        delivery=(
            v.DeliveryChoice(code="standard", price=money(1500, currency), chosen=True),
            v.DeliveryChoice(code="express", price=money(4500, currency), chosen=False),
        ),
        payments=(v.PaymentChoice(code="alipay", name="支付宝 Alipay", chosen=True),),
        totals=totals(currency),
        cart_id="01931b66-0000-7000-8000-00000000000c",
        idempotency_key="01931b66-0000-7000-8000-00000000000a",
        changed=guest,
    )


def payment(state: str, locale: str, currency: str, *, silent: bool = False) -> pv.PaymentView:
    """A payment in one of its states; `silent`: its provider does not answer."""
    ways = (
        v.PaymentChoice(code="wechat", name="微信支付" if locale == "zh-CN" else "WeChat Pay", chosen=False),
        v.PaymentChoice(code="card", name="银行卡" if locale == "zh-CN" else "Bank card", chosen=False),
    )
    orders = (
        pv.OrderLink(
            number="01JD8M2K7Q4V9X3B-1", url="/orders/1", seller_name=text("Northlight Studio", locale)
        ),
        pv.OrderLink(number="01JD8M2K7Q4V9X3B-2", url="/orders/2", seller_name=text("Slow House", locale)),
    )
    return pv.PaymentView(
        number="01JD8M2K7Q4V9X3B",
        amount=totals(currency).total,
        state=state,  # type: ignore[arg-type]
        provider_name="支付宝" if locale == "zh-CN" else "Alipay",
        poll_url="/purchases/01JD8M2K7Q4V9X3B",
        pay_url="/purchases/01JD8M2K7Q4V9X3B/pay" if state == "waiting" else None,
        cancel_url="/purchases/01JD8M2K7Q4V9X3B/cancel" if state == "waiting" else None,
        deadline=AT,
        orders=orders,
        silent=silent,
        ways=ways if state == "waiting" else (),
        ways_url="/purchases/01JD8M2K7Q4V9X3B/payment-method" if state == "waiting" else None,
    )


def order(locale: str, currency: str, *, for_seller: bool = False, state: str = "delivered") -> v.OrderView:
    """An order with a parcel, or one that a seller has still to send."""
    where = address(locale)
    sent = state == "delivered"
    steps = (
        v.TimelineStep(code="ordered", at=AT, done=True),
        v.TimelineStep(
            code="paid", at=AT if state != "pending_payment" else None, done=state != "pending_payment"
        ),
        v.TimelineStep(code="shipped", at=AT if sent else None, done=sent),
        v.TimelineStep(code="delivered", at=AT if sent else None, done=sent),
        v.TimelineStep(code="received", at=None, done=False),
    )
    parcel = v.ParcelView(
        parcel_id="f1",
        carrier="顺丰速运" if locale == "zh-CN" else "SF Express",
        tracking_number="SF1234567890123",
        shipped_at=AT,
        delivered_at=AT,
        received_at=None,
        can_receive=not for_seller,
        can_deliver=for_seller,
    )
    order_line = v.OrderLineView(
        line_id="l1",
        title=text("Field camera", locale),
        url="/products/field-camera",
        variant=text("Silver · 35 mm", locale),
        picture=picture("Field camera", locale),
        quantity=1,
        unit_price=money(PRICES[currency][0], currency),
        total=money(PRICES[currency][0], currency),
        can_review=sent and not for_seller,
        return_url=None if for_seller or not sent else "/purchases/1/orders/1/lines/l1/return",
    )
    return v.OrderView(
        number="01JD8M2K7Q4V9X3B-1",
        url="/seller/orders/1" if for_seller else "/orders/1",
        state=state,
        placed_at=AT,
        seller_name=text("Northlight Studio", locale),
        recipient=where.recipient,
        phone=where.phone,
        address_lines=where.lines,
        delivery="standard",
        payment_name="支付宝" if locale == "zh-CN" else "Alipay",
        steps=steps,
        lines=(order_line,),
        parcels=(parcel,) if sent else (),
        totals=totals(currency),
        pay_url="/purchases/01JD8M2K7Q4V9X3B/pay" if state == "pending_payment" else None,
        pay_until=AT if state == "pending_payment" else None,
        upload_megabytes=12,
        can_ship=for_seller and not sent,
        can_review_seller=sent and not for_seller,
        carriers=(("shunfeng", "顺丰速运" if locale == "zh-CN" else "SF Express"), ("ems", "EMS")),
        returns=(
            v.ReturnLink(
                url="/account/returns/1",
                state="proposed",
                kind="refund_only",
                refunded=False,
                amount=money(PRICES[currency][0], currency),
            ),
            v.ReturnLink(
                url="/account/returns/2",
                state="settled",
                kind="exchange",
                refunded=False,
                amount=money(PRICES[currency][0], currency),
            ),
        )
        if sent
        else (),
    )


def return_form(locale: str, currency: str, form: v.FormView) -> r.ReturnFormView:
    """An application for after-sales."""
    return r.ReturnFormView(
        order_number="01JD8M2K7Q4V9X3B-1",
        order_url="/purchases/1/orders/1",
        url="/purchases/1/orders/1/lines/l1/return",
        line=order(locale, currency).lines[0],
        kinds=("refund_only", "return_and_refund", "exchange"),
        held=(r.ReturnChoice(variant_id="v1", name="M"), r.ReturnChoice(variant_id="v2", name="L")),
        instead=(
            r.ReturnChoice(variant_id="", name="", stock=3),
            r.ReturnChoice(variant_id="v2", name="L", stock=0),
        ),
        reasons=("changed_mind", "not_received", "late", "damaged", "defective", "not_as_described", "wrong_item", "missing_parts", "other"),
        max_quantity=2,
        upload_megabytes=12,
        form=form,
    )  # fmt: skip


def return_case(
    locale: str,
    currency: str,
    role: r.Role,
    state: str,
    actions: tuple[str, ...],
    *,
    form: v.FormView | None = None,
    form_for: str = "",
    kind: str = "return_and_refund",
) -> r.ReturnCaseView:
    """A case over one line, in a state, with what its reader can do."""
    amount = money(PRICES[currency][0], currency)
    settled = state == "settled"
    steps = (
        r.ReturnStep(code="requested", at=AT, done=True),
        r.ReturnStep(code="approved", at=None, done=settled or state == "approved"),
        r.ReturnStep(code="sent_back", at=AT if settled else None, done=settled),
        r.ReturnStep(code="inspected", at=None, done=settled),
        r.ReturnStep(code="refunded", at=AT if settled else None, done=settled),
    )
    stopped = {"escalated", "rejected", "withdrawn"} & {state}
    return r.ReturnCaseView(
        role=role,
        url="/account/returns/1",
        list_url="/account/returns",
        order_number="01JD8M2K7Q4V9X3B-1",
        order_url=None if role == "staff" else "/purchases/1/orders/1",
        seller_name=text("Northlight Studio", locale),
        state=state,
        kind=kind,
        reason="damaged",
        text="…",
        pictures=(r.CasePicture(picture=picture("Field camera", locale), large="/media/large.webp"),),
        return_address=("人民路 9 号",) if state == "approved" else (),
        created_at=AT,
        due_at=AT if not settled and not stopped else None,
        amount=amount,
        proposed=amount if state == "proposed" else None,
        agreed=None,
        answer="…" if state in {"proposed", "rejected"} else "",
        decided_by_platform=False,
        carrier="EMS" if settled else "",
        tracking_number="EA123456789CN" if settled else "",
        lines=(
            r.ReturnedLine(
                line=order(locale, currency).lines[0],
                came_back=1,
                restocked=int(settled),
                written_off=0,
                came_as="M" if kind == "exchange" else "",
                instead="L" if kind == "exchange" and role == "buyer" else "",
                same_again=kind == "exchange" and role != "buyer",
            ),
        ),
        steps=(steps[0], r.ReturnStep(code=state, at=AT, done=True)) if stopped else steps,  # type: ignore[arg-type]
        refund=r.RefundShown(amount=amount, done=True, at=AT)
        if settled
        else r.RefundShown(amount=amount, done=False, at=None, failure="ACCOUNT_CLOSED", can_retry=True)
        if (role, state) == ("staff", "inspected")
        else None,
        actions=actions,
        carriers=(("ems", "EMS"),),
        form=form or v.FormView(),
        form_for=form_for,
    )


def returns(locale: str, currency: str, role: r.Role) -> r.ReturnsView:
    """Cases in every state."""
    states = ("requested", "proposed", "escalated", "approved", "in_transit", "inspected", "settled", "rejected", "withdrawn")  # fmt: skip
    return r.ReturnsView(
        role=role,
        rows=tuple(
            r.ReturnRow(
                url="/account/returns/1",
                order_number=f"01JD8M2K7Q4V9X3B-{index}",
                seller_name=text("Northlight Studio", locale),
                state=state,
                kind=("return_and_refund", "refund_only", "exchange")[index % 3],
                refunded=state in {"inspected", "settled"} and index % 3 < 2,
                amount=money(PRICES[currency][0], currency),
                created_at=AT,
                due_at=AT if index < 2 else None,
            )
            for index, state in enumerate(states)
        ),
        more_url="/account/returns?after=abc",
    )


def disputes(currency: str) -> d.DisputesView:
    """A dispute in every open state, and both kinds of refunds that failed."""
    amount = money(PRICES[currency][0], currency)
    return d.DisputesView(
        disputes=tuple(
            d.DisputeRow(
                reference=f"dp_{state}",
                provider="card",
                state=state,
                reason=reason,
                amount=amount,
                url="http://localhost:8000/disputes/1",
                opened_at=AT,
                due_at=AT if state == "needs_response" else None,
            )
            for state, reason in (
                ("inquiry", "unrecognized"),
                ("needs_response", "fraudulent"),
                ("under_review", "general"),
            )
        ),
        refunds=tuple(
            d.FailedRefundRow(
                number="26R1",
                amount=amount,
                failure="account_closed",
                came_back=came_back,
                created_at=AT,
                retry_url="/staff/refunds/1/retry",
            )
            for came_back in (True, False)
        ),
        more_url="/staff/disputes?after=abc",
    )


def return_pages(locale: str, currency: str) -> dict[str, tuple[str, v.View]]:
    """The pages of after-sales."""
    wrong = v.FormView(
        values={"reason": "late", "quantity": "2", "body": "…"},
        errors=dict.fromkeys(("form", "quantity", "reason", "body", "pictures", "held", "instead"), "…"),
    )
    bad = v.FormView(
        values={"carrier": "ems", "tracking_number": "1", "amount": "x", "answer": ""},
        errors={
            "form": "…",
            "carrier": "…",
            "tracking_number": "…",
            "amount": "…",
            "answer": "…",
        },
    )
    cases: dict[str, tuple[r.Role, str, tuple[str, ...], str]] = {
        "return-requested": ("buyer", "requested", ("withdraw", "escalate"), ""),
        "return-proposed": ("buyer", "proposed", ("withdraw", "accept", "decline"), ""),
        "return-approved": ("buyer", "approved", ("withdraw", "send_back"), "send_back"),
        "return-settled": ("buyer", "settled", (), ""),
        "return-rejected": ("buyer", "rejected", ("escalate",), ""),
        "return-withdrawn": ("buyer", "withdrawn", (), ""),
        "seller-return-requested": ("seller", "requested", ("approve", "reject", "propose", "escalate"), "propose"),
        "seller-return-refused": ("seller", "requested", ("approve", "reject"), "reject"),
        "seller-return-in-transit": ("seller", "in_transit", ("inspect", "escalate"), "inspect"),
        "seller-return-inspected": ("seller", "inspected", (), ""),
        "staff-return-failed": ("staff", "inspected", (), ""),
        "staff-return": ("staff", "escalated", ("decide", "decide_amount"), "decide"),
    }  # fmt: skip
    swaps: dict[str, tuple[r.Role, str, tuple[str, ...]]] = {
        "exchange-approved": ("buyer", "approved", ("send_back",)),
        "exchange-in-transit": ("buyer", "in_transit", ()),
        "exchange-rejected": ("buyer", "rejected", ()),
        "seller-exchange-requested": ("seller", "requested", ("approve", "reject")),
        "seller-exchange-in-transit": ("seller", "in_transit", ("inspect",)),
        "seller-exchange-inspected": ("seller", "inspected", ("cannot_deliver",)),
        "staff-exchange": ("staff", "escalated", ("decide",)),
    }
    return {
        "return-form": ("return_form.html", return_form(locale, currency, v.FormView())),
        "return-form-wrong": ("return_form.html", return_form(locale, currency, wrong)),
        **{
            name: (
                "return_case.html",
                return_case(
                    locale, currency, role, state, actions, form=bad if form_for else None, form_for=form_for
                ),
            )
            for name, (role, state, actions, form_for) in cases.items()
        },
        **{
            name: ("return_case.html", return_case(locale, currency, role, state, actions, kind="exchange"))
            for name, (role, state, actions) in swaps.items()
        },
        "return-addresses": (
            "return_addresses.html",
            r.ReturnAddressesView(
                shops=(
                    r.ReturnAddressView(url="/seller/return-addresses/1", seller_name="A", form=v.FormView()),
                    r.ReturnAddressView(
                        url="/seller/return-addresses/2",
                        seller_name="B",
                        form=v.FormView(values={"return_address": "x"}, errors={"return_address": "…"}),
                    ),
                )
            ),
        ),
        "returns": ("return_list.html", returns(locale, currency, "buyer")),
        "seller-returns": ("return_list.html", returns(locale, currency, "seller")),
        "staff-returns": ("return_list.html", returns(locale, currency, "staff")),
        "disputes": ("disputes.html", disputes(currency)),
        "disputes-empty": ("disputes.html", d.DisputesView(disputes=(), refunds=())),
        "returns-empty": ("return_list.html", r.ReturnsView(role="buyer", rows=())),
        "staff-returns-empty": ("return_list.html", r.ReturnsView(role="staff", rows=())),
    }


def reconciliation(
    currency: str, *, resolved: bool = False, wrong: v.FormView | None = None
) -> c.ReconciliationView:
    """Differences of every kind, and bills of every state."""
    kinds = (
        "missing_here",
        "missing_there",
        "amount_differs",
        "duplicate_row",
        "fee_differs",
        "refund_pending",
        "balance_differs",
    )
    ways = ("recheck", "book", "accept_theirs", "write_off", "explain")
    ended = (*ways, "matched", "recorded")
    said = ("captured", "succeeded", "waiting", "processing", "closed", "failed", "unknown", "")
    cards = tuple(
        c.DifferenceCard(
            id=f"d{index}", url=f"/staff/reconciliation/differences/d{index}", kind=kinds[index % len(kinds)],
            provider="支付宝", day=AT.date(), number="01JD8M2K7Q4V9X3BP1", refund_number="01JD8M2K7Q4V9X3BP1R1" if index % 2 else "",
            reference="2026112122001" if index else "", ours=money(PRICES[currency][0], currency) if index % 3 else None,
            theirs=money(PRICES[currency][1], currency) if index % 4 else None, said=said[index], said_at=AT if said[index] else None,
            resolutions=() if resolved else ways[: index + 1], resolution=ended[index % len(ended)] if resolved else "",
            by_itself=index % 2 == 0, note="…" if resolved else "", resolved_at=AT if resolved else None,
            form=wrong if wrong and index == 0 else v.FormView(),
        )
        for index in range(len(said))
    )  # fmt: skip
    bills = tuple(
        c.BillRow(
            provider="支付宝", day=AT.date(), waiting=waiting, failure="…" if waiting else "",
            next_attempt_at=AT if waiting else None, rows=12, matched=12 - open_, open=open_,
            fees=(money(PRICES[currency][0], currency),) if open_ else (),
        )
        for waiting, open_ in ((True, 0), (False, 2), (False, 0))
    )  # fmt: skip
    return c.ReconciliationView(
        resolved=resolved, differences=cards, more_url="/staff/reconciliation?after=abc", bills=bills,
        more_bills_url="/staff/reconciliation?bills_after=abc#bills",
    )  # fmt: skip


def reconciliation_pages(currency: str) -> dict[str, tuple[str, v.View]]:
    """The page of reconciliation in its states."""
    bad = v.FormView(values={"note": "…"}, errors={"note": "…", "form": "…"})
    views = {
        "reconciliation": reconciliation(currency, wrong=bad),
        "reconciliation-resolved": reconciliation(currency, resolved=True),
        "reconciliation-empty": c.ReconciliationView(resolved=False, differences=(), more_url=None, bills=(), more_bills_url=None),
        "reconciliation-none-resolved": c.ReconciliationView(resolved=True, differences=(), more_url=None, bills=(), more_bills_url=None),
    }  # fmt: skip
    return {name: ("reconciliation.html", view) for name, view in views.items()}


def orders(locale: str, currency: str, url: str) -> v.OrdersView:
    """Some orders and the way to more."""
    states = ("pending_payment", "placed", "delivered", "closed", "cancelled")
    return v.OrdersView(
        rows=tuple(
            v.OrderRow(
                number=f"01JD8M2K7Q4V9X3B-{index}",
                url=f"{url}/{index}",
                state=state,
                placed_at=AT,
                counterpart=text("Northlight Studio", locale),
                total=money(PRICES[currency][index], currency),
                count=index + 1,
                pictures=(picture(PRODUCTS[index], locale), picture(PRODUCTS[index + 1], locale)),
            )
            for index, state in enumerate(states)
        ),
        more_url=f"{url}?after=abc",
    )


def platform_payments(currency: str) -> PlatformPaymentsView:
    """A transfer that is confirmed wrongly, cash, a promise that ran out, and refunds."""

    def payment(number: str, **more: Any) -> WaitingPayment:
        values: dict[str, Any] = {
            "payment_id": number, "purchase_id": "p", "number": number, "provider_name": "Bank",
            "amount": money(299000, currency), "expected": "2990.00", "state": "action_required",
            "purchase_state": "pending_payment", "order_numbers": ("261121ABCDEFGHJK-1",), "expires_at": AT,
            "can_confirm": True, **more,
        }  # fmt: skip
        return WaitingPayment(**values)

    def refund(number: str, **more: Any) -> WaitingRefund:
        values: dict[str, Any] = {
            "refund_id": number, "number": number, "provider_name": "Bank", "amount": money(1000, currency),
            "state": "submitted", "failure": None, "since": AT, **more,
        }  # fmt: skip
        return WaitingRefund(**values)

    return PlatformPaymentsView(
        number="",
        waiting=(
            payment("P1"), payment("P2", state="authorized", purchase_state="placed"),
            payment("P3", purchase_state="cancelled"), payment("P4", state="captured", can_confirm=False),
        ),
        promised=(payment("P5", state="authorized", failure="expired"), payment("P6", state="authorized")),
        refunds=(refund("R1"), refund("R2", state="failed", failure="…")),
        form=v.FormView(values={"amount": "1", "reference": "x"}, errors={"amount": "…", "reference": "…"}),
        form_for="P1",
        done="refund_approved",
    )  # fmt: skip


def pages(locale: str, currency: str) -> dict[str, tuple[str, v.View]]:
    """Every page by a name: its template and its view."""
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
    wrong = v.FormView(values={"email": "ada"}, errors={"email": "…", "form": "…"})
    return {
        "home": ("home.html", v.HomeView(hero=cards[0], categories=categories(locale), newest=cards)),
        "category": ("category.html", category),
        "category-empty": ("category.html", empty_category),
        "product": ("product.html", product(locale, currency)),
        "cart": ("cart.html", cart(locale, currency)),
        "cart-empty": ("cart.html", v.CartView(groups=(), count=0, total=money(0, currency), can_check_out=False, suggestions=cards[:4])),
        "checkout": ("checkout.html", checkout(locale, currency)),
        "checkout-guest": ("checkout.html", checkout(locale, currency, guest=True)),
        "payment-scan": (
            "payment.html",
            msgspec.structs.replace(
                payment("waiting", locale, currency),
                scan=code_to_scan("weixin://wxpay/bizpayurl?pr=1"),
                wallet_url="http://localhost:8000/cashier",
            ),
        ),
        **{f"payment-{state}": ("payment.html", payment(state, locale, currency)) for state in ("waiting", "paid", "expired", "cancelled")},
        "payment-silent": ("payment.html", payment("waiting", locale, currency, silent=True)),
        "payment-promised": (
            "payment.html",
            msgspec.structs.replace(payment("paid", locale, currency), state="promised", at_the_door=True, cancel_url="/c"),
        ),
        "payment-authorized": (
            "payment.html", msgspec.structs.replace(payment("paid", locale, currency), state="promised"),
        ),
        "payment-transfer": (
            "payment.html",
            msgspec.structs.replace(
                payment("waiting", locale, currency),
                pay_url=None,
                transfer=pv.TransferView(holder="Merx", bank="Bank", account="DE02", reference="261121ABCDEFGHJKP1"),
            ),
        ),
        "platform-payments": ("platform_payments.html", platform_payments(currency)),
        "platform-payments-empty": (
            "platform_payments.html", PlatformPaymentsView(number="", waiting=(), promised=(), refunds=()),
        ),
        "platform-payments-none": (
            "platform_payments.html", PlatformPaymentsView(number="2611", waiting=(), promised=(), refunds=(), done="placed"),
        ),
        "order-promised": (
            "order.html", msgspec.structs.replace(order(locale, currency), promise="door", cancel_url="/c"),
        ),
        "order-authorized": ("order.html", msgspec.structs.replace(order(locale, currency), promise="bank")),
        "seller-order-cash": (
            "seller_order.html",
            msgspec.structs.replace(
                order(locale, currency, for_seller=True), promise="door",
                cash=v.CashView(amount=money(299000, currency), can_refuse=True),
                form=v.FormView(values={"amount": "1", "reference": ""}, errors={"amount": "…", "form": "…"}),
                form_for="cash",
            ),
        ),
        "seller-order-authorized": (
            "seller_order.html", msgspec.structs.replace(order(locale, currency, for_seller=True), promise="bank"),
        ),
        "order": ("order.html", order(locale, currency)),
        "order-review": (
            "order.html",
            msgspec.structs.replace(
                order(locale, currency),
                form=v.FormView(values={"score": "4", "body": "…"}, errors={"body": "…", "form": "…"}),
                form_for="l1",
            ),
        ),
        "order-unpaid": ("order.html", order(locale, currency, state="pending_payment")),
        "orders": ("orders.html", orders(locale, currency, "/orders")),
        "orders-empty": ("orders.html", v.OrdersView(rows=())),
        "notifications": (
            "notifications.html",
            v.NotificationsView(
                rows=tuple(
                    v.NotificationRow(title=f"订单 26112{n}", text="顺丰速运 SF123", url="/orders", at=AT, unread=n == 0) for n in range(3)
                ),
                any_unread=True,
                more_url="/account/notifications?after=abc",
            ),
        ),
        "notifications-empty": ("notifications.html", v.NotificationsView(rows=())),
        "login": ("login.html", v.LogInView(form=wrong, return_to="/cart")),
        "register": ("register.html", v.RegisterView(form=v.FormView(), return_to="/")),
        "addresses": ("addresses.html", v.AddressesView(addresses=(address(locale), address(locale)))),
        "addresses-empty": ("addresses.html", v.AddressesView(addresses=())),
        "address-form": ("address_form.html", address_form()),
        **return_pages(locale, currency),
        **reconciliation_pages(currency),
        "seller-orders": ("seller_orders.html", orders(locale, currency, "/seller/orders")),
        "seller-order": ("seller_order.html", order(locale, currency, for_seller=True, state="placed")),
        "seller-order-sent": ("seller_order.html", order(locale, currency, for_seller=True)),
        **{
            f"error-{status}": ("error.html", v.ErrorView(status=status, back_url="/cart", reference="7f3a" if status == 500 else None))
            for status in (400, 403, 404, 409, 413, 429, 500, 503)
        },
    }  # fmt: skip
