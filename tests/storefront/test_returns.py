"""After-sales through the pages: the buyer applies, the seller answers, the platform decides, the money goes back."""

import io
import re
from datetime import timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest
from PIL import Image
from tests.storefront.test_buying import GUEST, order, pay, put_in, register
from tests.world.pages import NewBrowser, fields_of, text_of
from tests.world.people import guest, member
from tests.world.shop import Shop

from merx.accounts import appoint_staff
from merx.fulfilment import fulfilments_of, receive, ship
from merx.infra.dispatch import drain
from merx.refunds import send_refunds
from merx.sellers import add_member
from merx.services import Services
from merx.simulators import AlipaySimulator
from merx.storefront.core.forms import BadForm, decode_restocked
from merx.subscriptions import SUBSCRIPTIONS

BACK: Final = {"kind": "return_and_refund", "quantity": "1", "reason": "damaged", "body": "A crack.\nSee it."}
MONEY: Final = {**BACK, "kind": "refund_only"}
PARCEL: Final = {"carrier": "shunfeng", "tracking_number": "SF9876543210123"}


class Desk(msgspec.Struct):
    """A guest with a paid order of two cups, its seller, a person of the staff, and a stranger."""

    buyer: httpx.AsyncClient
    seller: httpx.AsyncClient
    staff: httpx.AsyncClient
    stranger: httpx.AsyncClient
    services: Services
    owner: Any
    order_url: str

    async def apply(self, form: dict[str, str]) -> str:
        """Apply for the order's line; returns the id of the case."""
        line_id = await self.owner.fetchval("SELECT id FROM order_lines")
        url = f"{self.order_url}/lines/{line_id}/return"
        assert url in (await self.buyer.get(self.order_url)).text
        assert (await self.buyer.get(url)).status_code == 200
        sent = await self.buyer.post(url, data=form, files={"pictures": ("a.jpg", a_picture())})
        assert sent.status_code == 303, text_of(sent.text)
        return sent.headers["location"].rpartition("/")[2]

    async def state(self) -> str:
        return await self.owner.fetchval("SELECT state FROM returns")  # type: ignore[no-any-return]

    async def deliver(self) -> None:
        """The goods go out and arrive."""
        services, now = self.services, self.services.clock()
        row = await self.owner.fetchrow(
            "SELECT o.id, o.seller_id, p.access_hash FROM orders o JOIN purchases p ON p.id = o.purchase_id"
        )
        async with services.db.transaction() as tx:
            await ship(
                tx, order_id=row["id"], actor=member(row["seller_id"]), carrier="shunfeng",
                tracking_number="SF1234567890123", lines=None, now=now,
                auto_receive_after=timedelta(days=10),
            )  # fmt: skip
            [parcel] = await fulfilments_of(tx, order_ids=[row["id"]])
            await receive(tx, fulfilment_id=parcel.id, actor=guest(row["access_hash"]), now=now)

    async def pay_back(self) -> None:
        """The job carries the refund out, and the feed is delivered."""
        services, now = self.services, self.services.clock()
        assert await send_refunds(services.db, services.providers, now=now) == 1
        await drain(services.db, SUBSCRIPTIONS, now=now)


def a_picture() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(picture, "JPEG")
    return picture.getvalue()


@pytest.fixture
async def desk(
    new_browser: NewBrowser, shop: Shop, services: Services, simulator: AlipaySimulator, owner: Any
) -> Desk:
    buyer, seller, staff = new_browser(), new_browser(), new_browser()
    await register(seller, "seller@example.com")
    await register(staff, "staff@example.com")
    seller_id, staff_id = [
        row["id"] for row in await owner.fetch("SELECT id FROM accounts ORDER BY created_at, id")
    ]
    async with services.db.transaction() as tx:
        await add_member(
            tx, seller_id=shop.sellers["tea-house"], account_id=seller_id, role="owner", now=services.clock()
        )  # fmt: skip
        await appoint_staff(tx, account_id=staff_id, now=services.clock())
    await put_in(buyer, shop, CUP=2)
    purchase = await pay(services, simulator, await order(buyer, GUEST), owner)
    order_id = await owner.fetchval("SELECT id FROM orders")
    return Desk(buyer, seller, staff, new_browser(), services, owner, f"{purchase}/orders/{order_id}")


async def test_goods_go_back_and_the_money_comes(desk: Desk) -> None:
    await desk.deliver()
    case = await desk.apply(BACK)
    mine, theirs = f"/account/returns/{case}", f"/seller/returns/{case}"
    page = text_of((await desk.buyer.get(mine)).text)
    assert "Waiting for the shop's answer" in page
    assert "A crack. See it." in page
    shown = (await desk.buyer.get(mine)).text
    large = re.search(r'<a href="(/media/[^"]+)"[^>]*aria-label="Picture 1, in large"', shown)
    assert large is not None
    for browser, url in ((desk.seller, theirs), (desk.staff, f"/staff/returns/{case}")):
        assert large[1] in (await browser.get(url)).text
    assert mine in (await desk.buyer.get("/account/returns")).text
    assert mine in (await desk.buyer.get(desk.order_url)).text
    assert theirs in (await desk.seller.get("/seller/returns")).text
    sale = f"/seller/orders/{desk.order_url.rpartition('/')[2]}"
    assert theirs in (await desk.seller.get(sale)).text

    approved = await desk.seller.post(f"{theirs}/approve")
    assert (approved.status_code, approved.headers["location"]) == (303, theirs)
    wrong = await desk.buyer.post(f"{mine}/send-back", data={**PARCEL, "tracking_number": "?"})
    assert wrong.status_code == 422
    assert 'id="tracking_number-error"' in wrong.text
    assert await desk.state() == "approved"
    assert (await desk.buyer.post(f"{mine}/send-back", data=PARCEL)).status_code == 303
    inspection = await desk.seller.get(theirs)
    form = fields_of(inspection.text, f"{theirs}/inspect")
    assert list(form.values()) == ["1"]
    too_many = await desk.seller.post(f"{theirs}/inspect", data=dict.fromkeys(form, "2"))
    assert too_many.status_code == 422
    assert await desk.state() == "in_transit"
    assert (await desk.seller.post(f"{theirs}/inspect", data=form)).status_code == 303
    assert await desk.owner.fetchval("SELECT restocked FROM return_lines") == 1
    assert "Refund under way" in text_of((await desk.buyer.get(mine)).text)
    await desk.pay_back()
    for browser, url in ((desk.buyer, mine), (desk.seller, theirs)):
        page = text_of((await browser.get(url)).text)
        assert "The money went back to where it was paid from." in page
        assert "Refunded CN¥12.50" in page


async def test_a_cup_is_exchanged_for_the_same_again(desk: Desk) -> None:
    await desk.deliver()
    where = "/seller/return-addresses"
    [form_url] = set(re.findall(rf'action="({where}/[^"]+)"', (await desk.seller.get(where)).text))
    too_long = await desk.seller.post(form_url, data={"return_address": "x" * 501})
    assert (too_long.status_code, "address-1-error" in too_long.text) == (422, True)
    assert (await desk.seller.post(form_url, data={"return_address": "Teahouse\n9 Quay"})).status_code == 303
    assert "9 Quay" in (await desk.seller.get(where)).text
    assert (await desk.staff.get(where)).status_code == 403

    case = await desk.apply({**BACK, "kind": "exchange", "instead": "", "held": ""})
    mine, theirs = f"/account/returns/{case}", f"/seller/returns/{case}"
    assert "9 Quay" not in (await desk.buyer.get(mine)).text
    page = await desk.seller.get(theirs)
    assert "In exchange for: The same again" in text_of(page.text)
    assert f"{theirs}/propose" not in page.text
    assert (await desk.seller.post(f"{theirs}/approve")).status_code == 303
    assert "Send it to Teahouse 9 Quay" in text_of((await desk.buyer.get(mine)).text)
    assert (await desk.buyer.post(f"{mine}/send-back", data=PARCEL)).status_code == 303
    form = fields_of((await desk.seller.get(theirs)).text, f"{theirs}/inspect")
    assert (await desk.seller.post(f"{theirs}/inspect", data=form)).status_code == 303
    assert f"{theirs}/cannot-deliver" in (await desk.seller.get(theirs)).text
    sale = f"/seller/orders/{desk.order_url.rpartition('/')[2]}"
    packing = text_of((await desk.seller.get(sale)).text)
    assert "Still to be sent: 1 As a replacement Cup × 1 CUP" in packing
    assert "Will be sent as a replacement" in text_of((await desk.buyer.get(desk.order_url)).text)
    assert (await desk.seller.post(f"{sale}/ship", data=PARCEL)).status_code == 303
    await drain(desk.services.db, SUBSCRIPTIONS, now=desk.services.clock())
    for browser, url in ((desk.buyer, mine), (desk.seller, theirs)):
        page = await browser.get(url)
        assert "The replacement has been sent" in text_of(page.text)
        assert "cannot-deliver" not in page.text
    steps = re.findall(r"<time[^>]*datetime", (await desk.buyer.get(mine)).text)
    assert len(steps) == 5  # every step of it has its time
    assert await desk.owner.fetchval("SELECT count(*) FROM refunds") == 0


async def test_staff_see_why_a_refund_failed_and_try_it_again(desk: Desk) -> None:
    case = await desk.apply(MONEY)
    await desk.seller.post(f"/seller/returns/{case}/approve")
    await desk.owner.execute(
        "UPDATE refunds SET state = 'failed', failure = 'ACCOUNT_CLOSED', next_attempt_at = NULL"
    )
    ours = f"/staff/returns/{case}"
    page = await desk.staff.get(ours)
    assert "The provider refused it: ACCOUNT_CLOSED" in text_of(page.text)
    assert f"{ours}/retry-refund" in page.text
    assert "ACCOUNT_CLOSED" not in (await desk.seller.get(f"/seller/returns/{case}")).text
    assert (await desk.seller.post(f"{ours}/retry-refund")).status_code == 403
    assert await desk.owner.fetchval("SELECT next_attempt_at FROM refunds") is None
    assert (await desk.staff.post(f"{ours}/retry-refund")).status_code == 303
    await desk.pay_back()
    again = await desk.staff.post(f"{ours}/retry-refund")
    assert (again.status_code, "succeeded" in text_of(again.text)) == (422, True)


async def test_a_proposal_is_declined_and_then_accepted(desk: Desk) -> None:
    await desk.deliver()
    case = await desk.apply(MONEY)
    mine, theirs = f"/account/returns/{case}", f"/seller/returns/{case}"
    for amount in ("much", "12.51"):
        refused = await desk.seller.post(f"{theirs}/propose", data={"amount": amount, "answer": ""})
        assert refused.status_code == 422
        assert 'id="amount-error"' in refused.text
        assert f'value="{amount}"' in refused.text
    assert await desk.state() == "requested"
    offer = {"amount": "5", "answer": "It still holds tea."}
    assert (await desk.seller.post(f"{theirs}/propose", data=offer)).status_code == 303
    page = text_of((await desk.buyer.get(mine)).text)
    assert "The shop proposes CN¥5.00" in page
    assert "It still holds tea." in page
    await desk.buyer.post(f"{mine}/decline")
    assert await desk.state() == "requested"
    await desk.seller.post(f"{theirs}/propose", data={**offer, "amount": "6.50"})
    assert (await desk.buyer.post(f"{mine}/accept")).status_code == 303
    await desk.pay_back()
    assert "Refunded CN¥6.50" in text_of((await desk.buyer.get(mine)).text)


async def test_the_platform_has_the_last_word(desk: Desk) -> None:
    await desk.deliver()
    case = await desk.apply(MONEY)
    mine, theirs, ours = (f"/{side}/returns/{case}" for side in ("account", "seller", "staff"))
    empty = await desk.seller.post(f"{theirs}/reject", data={"answer": " "})
    assert empty.status_code == 422
    assert 'id="reject-answer-error"' in empty.text
    await desk.seller.post(f"{theirs}/reject", data={"answer": "It was whole."})
    page = await desk.buyer.get(mine)
    assert "It was whole." in text_of(page.text)
    assert f"{mine}/escalate" in page.text
    assert (await desk.buyer.post(f"{mine}/escalate")).status_code == 303
    assert ours in (await desk.staff.get("/staff/returns")).text
    decision = {"in_favour": "yes", "amount": "3.20", "answer": "The picture shows it."}
    assert (await desk.seller.post(f"{ours}/decide", data=decision)).status_code == 403
    assert (await desk.seller.get("/staff/returns")).status_code == 403
    assert await desk.state() == "escalated"
    assert (await desk.staff.post(f"{ours}/decide", data=decision)).status_code == 303
    assert ours not in (await desk.staff.get("/staff/returns")).text
    await desk.pay_back()
    seen = text_of((await desk.seller.get(theirs)).text)
    assert "The platform's reason The picture shows it." in seen
    assert "Refunded CN¥3.20" in seen


async def test_a_withdrawn_case_makes_way_for_another_which_the_platform_refuses(desk: Desk) -> None:
    case = await desk.apply(MONEY)
    mine = f"/account/returns/{case}"
    assert (await desk.buyer.post(f"{mine}/withdraw")).status_code == 303
    again = await desk.buyer.post(f"{mine}/withdraw")
    assert again.status_code == 422
    assert "The after-sales case is withdrawn" in text_of(again.text)
    other = await desk.apply({**MONEY, "quantity": "2"})
    page = await desk.buyer.get(desk.order_url)
    assert "Apply for after-sales" not in text_of(page.text)

    assert (await desk.seller.post(f"/seller/returns/{other}/escalate")).status_code == 303
    decision = {"in_favour": "no", "answer": "Nothing is wrong with it."}
    await desk.staff.post(f"/staff/returns/{other}/decide", data=decision)
    page = await desk.buyer.get(f"/account/returns/{other}")
    assert "The platform has decided. The case is closed." in text_of(page.text)
    assert "/escalate" not in page.text
    refused = await desk.buyer.post(f"/account/returns/{other}/escalate")
    assert refused.status_code == 422
    assert await desk.owner.fetchval("SELECT count(*) FROM refunds") == 0


async def test_strangers_see_and_change_nothing(desk: Desk) -> None:
    case = await desk.apply(MONEY)
    for url in (f"/account/returns/{case}", f"/account/returns/{case}/withdraw"):
        answer = await (desk.stranger.post(url) if url.endswith("withdraw") else desk.stranger.get(url))
        assert answer.status_code == 404
    assert (await desk.staff.get(f"/seller/returns/{case}")).status_code == 403
    assert (await desk.stranger.post(f"/seller/returns/{case}/approve")).status_code == 403
    for side in ("seller", "staff"):
        page = await desk.stranger.get(f"/{side}/returns")
        assert page.headers["location"] == f"/login?return_to=%2F{side}%2Freturns"
    assert case not in (await desk.stranger.get("/account/returns")).text
    assert await desk.state() == "requested"


MISTAKES: Final[list[tuple[dict[str, str], bytes, str]]] = [
    ({"reason": "not_received", "kind": "return_and_refund"}, b"", 'id="reason-error"'),
    ({"quantity": "3"}, b"", "More units than can still be returned."),
    ({"body": "x" * 2001}, b"", 'id="body-error"'),
    ({}, b"GIF89a", 'id="pictures-error"'),
    ({"kind": "gift"}, b"", "The form did not arrive as this page sends it."),
    ({"kind": "exchange", "instead": "x"}, b"", "The form did not arrive as this page sends it."),
    ({"kind": "exchange", "instead": "01931b66-0000-7000-8000-000000000001"}, b"", 'id="instead-error"'),
    ({"reason": "boredom"}, b"", "The form did not arrive as this page sends it."),
]


async def test_a_mistake_in_an_application_stands_beside_its_field_and_nothing_is_written(desk: Desk) -> None:
    await desk.deliver()
    line_id = await desk.owner.fetchval("SELECT id FROM order_lines")
    for change, picture, shown in MISTAKES:
        page = await desk.buyer.post(
            f"{desk.order_url}/lines/{line_id}/return",
            data={**MONEY, **change},
            files={"pictures": ("a.jpg" if picture else "", picture)},
        )
        assert page.status_code == 422, change
        assert shown in page.text, change
    assert await desk.owner.fetchval("SELECT count(*) FROM returns") == 0
    assert await desk.owner.fetchval("SELECT count(*) FROM media") == 0


async def test_what_was_not_shipped_is_only_refunded_and_whole(desk: Desk) -> None:
    line_id = await desk.owner.fetchval("SELECT id FROM order_lines")
    url = f"{desk.order_url}/lines/{line_id}/return"
    assert 'value="return_and_refund"' not in (await desk.buyer.get(url)).text
    refused = await desk.buyer.post(url, data=BACK, files={"pictures": ("", b"")})
    assert refused.status_code == 422
    assert "What has not been shipped cannot be sent back." in text_of(refused.text)
    case = await desk.apply(MONEY)
    assert "/propose" not in (await desk.seller.get(f"/seller/returns/{case}")).text


async def test_an_account_finds_its_cases(desk: Desk) -> None:
    await desk.owner.execute("UPDATE purchases SET account_id = (SELECT id FROM accounts LIMIT 1)")
    case = await desk.apply(MONEY)
    seen = [case in (await browser.get("/account/returns")).text for browser in (desk.seller, desk.staff)]
    assert sorted(seen) == [False, True]


@pytest.mark.parametrize("body", [b"restocked-x=1", b"01931b66-0000-7000-8000-000000000001=1", b"answer=1"])
def test_an_inspection_has_only_its_own_fields(body: bytes) -> None:
    with pytest.raises(BadForm):
        decode_restocked(body, "application/x-www-form-urlencoded")
