"""How buyers pay, what the providers tell of it, and what goes wrong between them and the shop."""

from urllib.parse import urlsplit

from tests.simulation.world import Attempt, Purchase, World
from tests.world.peers import PUBLIC_URL, Held, Peer
from tests.world.people import guest

from merx.cashier import start_payment
from merx.kit.ids import new_id
from merx.payments import NewPayment, NotPayable, open_payments
from merx.payments.providers import PaymentNotPossible, ProviderUnavailable


async def start(world: World) -> str:
    """A buyer goes to the provider with the latest attempt, and perhaps only looks at what the shop says."""
    waiting = world.in_state("pending_payment")
    if not waiting:
        return "nothing to pay"
    return await _start(world, world.chance.choice(waiting[-6:]))


async def _start(world: World, purchase: Purchase) -> str:
    attempt = purchase.attempts[-1]
    late = world.now >= purchase.placed_at + world.deadline
    try:
        action = await start_payment(
            world.db, world.services.providers, purchase_id=purchase.id,
            actor=guest(purchase.access_hash, purchase.shopper.account_id),
            public_url=PUBLIC_URL, now=world.now,
        )  # fmt: skip
    except NotPayable:
        assert late
        return f"{purchase.name} comes too late"
    except (ProviderUnavailable, PaymentNotPossible) as error:
        assert not late
        return f"{purchase.name} finds {attempt.provider} {error.code}"
    assert not late
    attempt.action = action
    if world.chance.random() < 0.8:
        await _arrive(world, attempt)
    return f"{purchase.name} started at {attempt.provider} {attempt.arrived}"


async def _arrive(world: World, attempt: Attempt) -> None:
    """The buyer follows what the shop said."""
    assert attempt.action is not None
    await world.peers.by_code[attempt.provider].arrive(attempt.action)
    attempt.arrived = True


async def another_attempt(world: World) -> str:
    """A buyer who went to a provider tries another way to pay; the first one stays open there."""
    waiting = [
        each for each in world.in_state("pending_payment")[-6:]
        if len(each.attempts) == 1 and each.attempts[0].action and world.now < each.placed_at + world.deadline
    ]  # fmt: skip
    if not waiting:
        return "nobody tries another way"
    purchase = world.chance.choice(waiting)
    attempt = Attempt(f"{purchase.number}P2", world.chance.choice(sorted(world.peers.by_code)))
    payment = NewPayment(
        new_id(), purchase.id, attempt.provider, attempt.number, "CNY", purchase.total,
        purchase.placed_at + world.deadline,
    )  # fmt: skip
    await world.db.write(lambda tx: open_payments(tx, payments=[payment], now=world.now))
    purchase.attempts.append(attempt)
    return f"{purchase.name} turns to {attempt.provider}: {await _start(world, purchase)}"


async def pay(world: World) -> str:
    """A buyer pays, in time or not, perhaps twice, whatever the shop thinks of the purchase by now."""
    payable = [
        (purchase, attempt)
        for purchase in world.purchases
        for attempt in purchase.attempts
        if attempt.action is not None and not attempt.paid
    ]
    if not payable:
        return "nobody at a provider"
    still = [each for each in payable if not each[1].arrived or _held(world, each[1]).open]
    purchase, attempt = world.chance.choice(
        (still if still and world.chance.random() < 0.9 else payable)[-6:]
    )
    if not attempt.arrived:
        await _arrive(world, attempt)
    attempt.paid = world.peers.by_code[attempt.provider].pay(attempt.number)
    return f"{purchase.name} {'pays' if attempt.paid else 'cannot pay'} at {attempt.provider}"


def _held(world: World, attempt: Attempt) -> Held:
    return world.peers.by_code[attempt.provider].held(attempt.number)


async def come_back(world: World) -> str:
    """A browser that was at a provider comes back to the shop, which asks."""
    gone = [
        (purchase, attempt) for purchase in world.purchases[-8:] for attempt in purchase.attempts if attempt.paid
    ]  # fmt: skip
    if not gone:
        return "nobody comes back"
    purchase, attempt = world.chance.choice(gone)
    address = world.peers.by_code[attempt.provider].way_back(attempt.number)
    if not address:
        return f"{purchase.name} never left"
    parts = urlsplit(address)
    answer = await world.web.get(f"{parts.path}?{parts.query}")
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/purchases/{purchase.id}"
    return f"{purchase.name} comes back from {attempt.provider}"


def _a_peer(world: World) -> Peer:
    return world.peers.by_code[world.chance.choice(sorted(world.peers.by_code))]


async def notices(world: World) -> str:
    """The providers send what is due, and now and then what they held back or sent before."""
    peer = _a_peer(world)
    known = peer.simulator.list_notices()
    if any(notice.state == "held" for notice in known) and world.chance.random() < 0.5:
        said = [line.outcome for line in await peer.simulator.release()]
    elif known and world.chance.random() < 0.15:
        said = [line.outcome for line in await peer.simulator.resend(world.chance.choice(known).notice_id)]
    else:
        said = [outcome for each in world.peers for outcome in await each.deliver()]
    return "notices " + ", ".join(said)


async def forge(world: World) -> str:
    """Somebody posts a notice the provider never sent: an old one, changed."""
    if not world.bodies:
        return "nothing to forge"
    code, headers, body = world.chance.choice(world.bodies)
    at = world.chance.randrange(len(body))
    kind = world.chance.choice(("replayed", "changed", "cut", "grown"))
    if kind == "changed":
        body = body[:at] + (b"7" if body[at : at + 1] != b"7" else b"8") + body[at + 1 :]
    elif kind != "replayed":
        body = body[:at] if kind == "cut" else body + b"&total_amount=0.01"
    answer = await world.post_notice(code, headers, body)
    if kind != "replayed":
        refusal = world.peers.by_code[code].provider.refusal
        assert (answer.status, answer.body) == (refusal.status, refusal.body), (kind, at)
    return f"forged {code} {kind} {answer.status}"


async def fault(world: World) -> str:
    """Something will go wrong between a provider and us, for one payment or for whichever comes first."""
    if not world.purchases:
        return "nothing to disturb"
    purchase = world.chance.choice(world.purchases[-6:])
    attempt = purchase.attempts[-1]
    peer = world.peers.by_code[attempt.provider]
    kind = world.chance.choice(peer.notice_faults + peer.call_faults + peer.refund_faults)
    times = world.chance.choice((1, 1, 2, 9))
    anybody = world.chance.random() < 0.3
    peer.disturb(
        kind, number=None if anybody else attempt.number, times=2 if anybody else times,
        seconds=world.chance.choice((60, 7200)),
    )  # fmt: skip
    return f"{'anybody' if anybody else purchase.name} will meet {kind} of {peer.code}"
