"""Ways to damage a lived-in shop: each breaks one invariant, and says which rows the check must name.

Run as the owner of the schema in a transaction that is rolled back. `before` lifts what protects the data; `sql` does
the damage and returns the keys of the rows that are broken by it, all of them. Some damage cannot but break a second
invariant, which `also` admits.
"""

import msgspec

LATER = "timestamptz '2026-12-31'"
LONG_AGO = "timestamptz '2026-01-01'"
SOLD_LINE = """(SELECT h.order_line_id FROM holds h JOIN allotments a ON a.id = h.allotment_id
                 WHERE h.state = 'consumed' AND a.received - a.sold > 1 ORDER BY h.id LIMIT 1)"""
WAITING = """(SELECT p.id FROM purchases p JOIN payments y ON y.purchase_id = p.id
               WHERE p.state = 'pending_payment' AND y.state = 'created')"""
AT_CASHIER = """(SELECT p.id FROM purchases p JOIN payments y ON y.purchase_id = p.id
                  WHERE p.state = 'pending_payment' AND y.state = 'action_required')"""
NOT_FOLDED = "(SELECT folded_xid FROM balances_cursor)"
TWO_LINES = (
    "(SELECT order_id FROM order_lines GROUP BY order_id HAVING count(*) = 2 ORDER BY order_id LIMIT 1)"
)
PLACED = "(SELECT id FROM orders WHERE state = 'placed' ORDER BY id LIMIT 1)"
ACTIVE_HOLD_OF_A_PAID_LINE = """
WITH made AS (
    INSERT INTO holds (id, allotment_id, subject_id, purchase_id, order_line_id, quantity, expires_at, created_at)
    SELECT gen_random_uuid(), allotment_id, subject_id, purchase_id, order_line_id, 1, {expires}, created_at
      FROM holds WHERE order_line_id = {line} AND state = 'consumed'
    RETURNING *
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, held_delta, created_at)
    SELECT id, 'hold', allotment_id, subject_id, 1, created_at FROM made
), counted AS (
    UPDATE allotments a SET held = held + 1 FROM made WHERE a.id = made.allotment_id
)
SELECT 'hold ' || id FROM made"""
ODD_TRANSFER = """
INSERT INTO transfers (cause_id, leg, purchase_id, debit_kind, debit_owner, credit_kind, credit_owner, currency, amount,
                       created_at)
SELECT {cause}, 'odd', {purchase}, {debit}, {credit}, o.currency, {amount}, o.placed_at
  FROM orders o WHERE o.id = {order}
RETURNING 'transfer odd of ' || cause_id"""
TAX, SHIPPING = "'tax', o.seller_id", "'shipping', o.seller_id"


class Damage(msgspec.Struct, frozen=True):
    """One way to break one invariant."""

    code: str
    what: str
    sql: str
    before: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()


def odd_transfer(
    *,
    cause: str = "o.id",
    purchase: str = "o.purchase_id",
    debit: str = TAX,
    credit: str = SHIPPING,
    amount: str = "1",
) -> str:
    """A transfer nothing asked for, of an order that was placed."""
    return ODD_TRANSFER.format(
        cause=cause, purchase=purchase, debit=debit, credit=credit, amount=amount, order=PLACED
    )


def parcel(*, of: str, line: str | None) -> str:
    """A planned parcel of the order `of` with one unit of `line`."""
    lines = (
        f""", filled AS (
            INSERT INTO fulfilment_lines (fulfilment_id, order_line_id, purchase_id, quantity)
            SELECT made.id, {line}, made.purchase_id, 1 FROM made)"""
        if line
        else ""
    )
    return f"""
        WITH made AS (
            INSERT INTO fulfilments (id, purchase_id, order_id, seller_id, state, created_at)
            SELECT gen_random_uuid(), purchase_id, id, seller_id, 'planned', placed_at FROM orders WHERE id = {of}
            RETURNING *){lines}
        SELECT 'parcel ' || id FROM made"""


STOCK = (
    Damage("S1", "a counter is changed by hand", """
        UPDATE allotments SET received = received + 1 WHERE id = (SELECT id FROM allotments ORDER BY id LIMIT 1)
        RETURNING 'allotment ' || id"""),
    Damage("S2", "more is sold than there is", """
        WITH lost AS (
            INSERT INTO movements (cause_id, kind, allotment_id, subject_id, received_delta, created_at)
            SELECT gen_random_uuid(), 'adjust', id, subject_id, -1, now() FROM allotments WHERE received = 1
            RETURNING allotment_id)
        UPDATE allotments a SET received = 0 FROM lost WHERE a.id = lost.allotment_id RETURNING 'allotment ' || a.id""",
        before=("ALTER TABLE allotments DROP CONSTRAINT allotments_never_oversold",)),
    Damage("S3", "a hold is lifted and its counter is not", f"""
        UPDATE holds SET state = 'expired' WHERE purchase_id = {WAITING} RETURNING 'allotment ' || allotment_id""",
        also=frozenset({"S4"})),
    Damage("S4", "a hold ended without a movement", """
        DELETE FROM movements WHERE kind = 'expire' RETURNING 'hold ' || cause_id""", also=frozenset({"S1"})),
    Damage("S4", "a released hold is called expired", """
        WITH hit AS (
            UPDATE holds SET state = 'expired'
             WHERE id = (SELECT id FROM holds WHERE state = 'released' ORDER BY id LIMIT 1) RETURNING id)
        SELECT 'hold ' || id FROM hit, (VALUES ('no movement ended it so'), ('another ended it')) each_is_named"""),
    Damage("S5", "a movement is of another variant", """
        UPDATE movements SET subject_id = (SELECT id FROM variants WHERE sku = 'POT')
         WHERE kind = 'receive' AND received_delta > 1 AND subject_id = (SELECT id FROM variants WHERE sku = 'TEA')
        RETURNING 'movement receive of ' || cause_id"""),
    Damage("S5", "a hold is of another variant", """
        UPDATE holds SET subject_id = (SELECT id FROM variants WHERE sku = 'POT')
         WHERE id = (SELECT id FROM holds WHERE state = 'released' ORDER BY id LIMIT 1) RETURNING 'hold ' || id"""),
    Damage("S5", "a release moves another allotment than the hold did", """
        UPDATE movements m SET allotment_id = o.id, subject_id = o.subject_id
          FROM allotments o, (SELECT id, allotment_id FROM holds WHERE state = 'released' ORDER BY id LIMIT 1) h
         WHERE m.kind = 'release' AND m.cause_id = h.id
           AND o.subject_id = (SELECT id FROM variants WHERE sku = 'POT') AND o.id <> h.allotment_id
        RETURNING 'movement release of ' || m.cause_id""",
        also=frozenset({"S1"})),
    Damage("S6", "a hold of a paid purchase ran out long ago",
        ACTIVE_HOLD_OF_A_PAID_LINE.format(expires=LONG_AGO, line=SOLD_LINE), also=frozenset({"S8"})),
    Damage("S7", "a paid line is put back on the shelf", f"""
        WITH back AS (
            INSERT INTO movements (cause_id, kind, allotment_id, subject_id, sold_delta, created_at)
            SELECT id, 'unsell', allotment_id, subject_id, -quantity, created_at FROM holds
             WHERE order_line_id = {SOLD_LINE} AND state = 'consumed'
            RETURNING cause_id, allotment_id, sold_delta
        ), counted AS (
            UPDATE allotments a SET sold = sold + back.sold_delta FROM back WHERE a.id = back.allotment_id)
        SELECT 'order ' || o.number || ' line ' || l.id
          FROM back JOIN holds h ON h.id = back.cause_id JOIN order_lines l ON l.id = h.order_line_id
          JOIN orders o ON o.id = l.order_id"""),
    Damage("S8", "a paid purchase still holds stock",
        ACTIVE_HOLD_OF_A_PAID_LINE.format(expires=LATER, line=SOLD_LINE)),
    Damage("S9", "a line counts a unit as shipped that is in no parcel", """
        UPDATE order_lines l SET shipped = shipped + 1 FROM orders o
         WHERE o.id = l.order_id AND o.fulfilment_status = 'partial' AND l.shipped = 1
        RETURNING 'order ' || o.number || ' line ' || l.id"""),
    Damage("S9", "more is shipped than was bought", """
        WITH filled AS (
            UPDATE fulfilment_lines fl SET quantity = 3 FROM fulfilments f
             WHERE f.id = fl.fulfilment_id AND f.id = (SELECT id FROM fulfilments WHERE state = 'delivered')
            RETURNING fl.order_line_id)
        UPDATE order_lines l SET shipped = 3 FROM filled, orders o WHERE l.id = filled.order_line_id AND o.id = l.order_id
        RETURNING 'order ' || o.number || ' line ' || l.id""",
        before=("ALTER TABLE order_lines DROP CONSTRAINT order_lines_never_overshipped",
                "ALTER TABLE order_lines DROP CONSTRAINT order_lines_never_overreturned")),
    Damage("S10", "the hold of a waiting purchase is released", f"""
        WITH ended AS (
            UPDATE holds SET state = 'released' WHERE purchase_id = {WAITING} RETURNING *
        ), moved AS (
            INSERT INTO movements (cause_id, kind, allotment_id, subject_id, held_delta, created_at)
            SELECT id, 'release', allotment_id, subject_id, -quantity, created_at FROM ended
        ), counted AS (
            UPDATE allotments a SET held = held - ended.quantity FROM ended WHERE a.id = ended.allotment_id)
        SELECT 'order ' || o.number || ' line ' || l.id
          FROM ended JOIN order_lines l ON l.id = ended.order_line_id JOIN orders o ON o.id = l.order_id"""),
)  # fmt: skip

MONEY = (
    Damage("M1", "a transfer credits an account of a kind nothing uses", odd_transfer(credit="'commission', o.seller_id")),
    Damage("M1", "a transfer moves nothing", odd_transfer(amount="0"),
        before=("ALTER TABLE transfers DROP CONSTRAINT transfers_amount_check",)),
    Damage("M1", "a transfer credits what it debits", odd_transfer(credit=TAX),
        before=("ALTER TABLE transfers DROP CONSTRAINT transfers_check",)),
    Damage("M2", "a balance is changed by hand", """
        UPDATE balances SET debits = debits + 1 WHERE kind = 'provider_clearing'
        RETURNING format('balance %s %s %s', kind, owner_id, currency)"""),
    Damage("M2", "a balance is gone", """
        DELETE FROM balances WHERE kind = 'provider_clearing' RETURNING format('balance %s %s %s', kind, owner_id, currency)"""),
    Damage("M3a", "a purchase calls shipping goods", """
        UPDATE purchases SET goods = goods + 1, shipping = shipping - 1
         WHERE id = (SELECT id FROM purchases WHERE shipping > 0 ORDER BY id LIMIT 1) RETURNING 'purchase ' || number"""),
    Damage("M3b", "a line is made free of tax after the sale", f"""
        UPDATE order_lines l SET tax_rate_bp = 0, tax = 0 FROM orders o WHERE o.id = l.order_id
           AND l.id = (SELECT id FROM order_lines WHERE order_id = {TWO_LINES} ORDER BY id LIMIT 1)
        RETURNING 'order ' || o.number"""),
    Damage("M3c", "tax is moved from line to line", f"""
        UPDATE order_lines SET tax = tax + CASE position WHEN 0 THEN 1 ELSE -1 END WHERE order_id = {TWO_LINES}
        RETURNING 'order line ' || id"""),
    Damage("M3c", "shipping is taxed at another rate than it says", """
        UPDATE orders SET shipping_tax_bp = 0 WHERE id = (SELECT id FROM orders WHERE shipping > 0 ORDER BY id LIMIT 1)
        RETURNING 'order ' || number"""),
    Damage("M4", "a purchase is charged again in the ledger",
        "WITH made AS (" + odd_transfer(debit="'customer_receivable', o.purchase_id") + ") "
        f"SELECT 'purchase ' || p.number FROM made, purchases p JOIN orders o ON o.purchase_id = p.id WHERE o.id = {PLACED}"),
    Damage("M5", "a refund is of another amount than was set aside", """
        UPDATE refunds r SET amount = r.amount - 1 FROM payments p WHERE p.id = r.payment_id AND r.state = 'approved'
        RETURNING 'payment ' || p.number"""),
    Damage("M6", "the provider spoke of another amount", """
        UPDATE payment_events e SET amount = e.amount + 1 FROM payments p
         WHERE p.id = e.payment_id AND e.kind = 'captured' AND p.id = (SELECT id FROM payments WHERE state = 'captured' ORDER BY id LIMIT 1)
        RETURNING 'payment ' || p.number"""),
    Damage("M6", "the provider captured a payment twice", """
        WITH again AS (
            INSERT INTO payment_events SELECT payment_id, purchase_id, kind, reference || 'X', amount, currency, source,
                                              occurred_at, recorded_at
              FROM payment_events
             WHERE payment_id = (SELECT id FROM payments WHERE state = 'captured' ORDER BY id LIMIT 1) AND kind = 'captured'
            RETURNING payment_id)
        SELECT 'payment ' || p.number FROM again JOIN payments p ON p.id = again.payment_id"""),
    Damage("M6", "a payment is open whose money the provider has", f"""
        WITH told AS (
            INSERT INTO payment_events (payment_id, purchase_id, kind, reference, amount, currency, source, occurred_at,
                                        recorded_at)
            SELECT id, purchase_id, 'captured', 'unheard', amount, currency, 'notice', created_at, created_at
              FROM payments WHERE purchase_id = {WAITING} RETURNING payment_id)
        SELECT 'payment ' || p.number FROM told JOIN payments p ON p.id = told.payment_id"""),
    Damage("M6", "a refund succeeded and the provider never said so", """
        DELETE FROM payment_events WHERE kind = 'refunded' RETURNING 'refund ' || reference"""),
    Damage("M6", "the provider gave back what nobody asked for", """
        INSERT INTO payment_events SELECT payment_id, purchase_id, 'refunded', 'UNASKED', 1, currency, source, occurred_at,
                                          recorded_at
          FROM payment_events WHERE payment_id = (SELECT id FROM payments WHERE state = 'captured' ORDER BY id LIMIT 1)
           AND kind = 'captured'
        RETURNING 'payment fact ' || reference"""),
    Damage("M7", "captured money is booked elsewhere than with the provider", f"""
        UPDATE transfers t SET debit_kind = 'seller_pending' FROM payments p
         WHERE t.leg = 'capture' AND t.xid >= {NOT_FOLDED} AND p.id = t.cause_id RETURNING 'payment ' || p.number"""),
    Damage("M7", "a booked refund is no longer said to have succeeded", """
        UPDATE refunds SET state = 'failed' WHERE state = 'succeeded' AND order_id IS NULL RETURNING 'refund ' || number""",
        also=frozenset({"M4", "M6", "O2a"})),
    Damage("M7", "two payments carry one reference", """
        WITH pair AS (
            SELECT min(id::text)::uuid AS one, max(id::text)::uuid AS other FROM payments WHERE state = 'captured'
        ), named AS (
            UPDATE payments p SET provider_reference = o.provider_reference FROM pair, payments o
             WHERE p.id = pair.one AND o.id = pair.other RETURNING p.id, p.provider_reference, p.provider
        ), told AS (
            UPDATE payment_events e SET reference = named.provider_reference FROM named
             WHERE e.payment_id = named.id AND e.kind = 'captured')
        SELECT 'reference ' || provider_reference || ' of ' || provider FROM named""",
        before=("DROP INDEX payments_reference",)),
    Damage("M8", "money paid twice is not given back", """
        WITH kept AS (UPDATE refunds SET state = 'requested' WHERE state = 'approved' RETURNING payment_id),
             forgotten AS (UPDATE payments p SET refunded = 0 FROM kept WHERE p.id = kept.payment_id RETURNING p.purchase_id)
        SELECT 'purchase ' || p.number FROM forgotten JOIN purchases p ON p.id = forgotten.purchase_id"""),
    Damage("M9", "tax is booked as shipping", f"""
        UPDATE transfers t SET credit_kind = 'shipping' FROM orders o
         WHERE t.leg = 'sale:tax' AND t.xid >= {NOT_FOLDED} AND o.id = t.cause_id RETURNING 'order ' || o.number"""),
    Damage("M10", "a payment asks for more than the total", f"""
        UPDATE payments SET amount = amount + 1 WHERE purchase_id = {WAITING} RETURNING 'payment ' || number"""),
    Damage("M13", "a payment is in another currency", f"""
        UPDATE payments SET currency = 'USD' WHERE purchase_id = {WAITING} RETURNING 'payment ' || number"""),
    Damage("M13", "an order is in another currency", f"""
        UPDATE orders SET currency = 'USD' WHERE purchase_id = {WAITING} RETURNING 'order ' || number""",
        also=frozenset({"O10"})),
    Damage("M13", "a refund is in another currency", """
        UPDATE refunds SET currency = 'USD' WHERE state = 'approved' RETURNING 'refund ' || number"""),
    Damage("M13", "a cart is in another currency than what came of it", f"""
        UPDATE carts SET currency = 'USD' WHERE purchase_id = {WAITING} RETURNING 'cart ' || id"""),
    Damage("M14", "a transfer moves more than there can be", odd_transfer(amount="200000000000000")),
    Damage("M14", "a payment asks for more than there can be", f"""
        UPDATE payments SET amount = 200000000000000 WHERE purchase_id = {WAITING} RETURNING 'payment ' || number""",
        also=frozenset({"M10"})),
)  # fmt: skip

WORKFLOW = (
    Damage("O1", "a key names a purchase that is not there", f"""
        WITH hit AS (
            UPDATE idempotency_keys SET outcome = jsonb_set(outcome, '{{purchase_id}}', to_jsonb(gen_random_uuid()))
             WHERE outcome->>'purchase_id' = {WAITING}::text RETURNING key, scope, outcome->>'number' AS number)
        SELECT 'idempotency key ' || key || ' of ' || scope FROM hit UNION ALL SELECT 'purchase ' || number FROM hit"""),
    Damage("O1", "a key tells another total", f"""
        UPDATE idempotency_keys SET outcome = jsonb_set(outcome, '{{total}}', '1')
         WHERE outcome->>'purchase_id' = {WAITING}::text RETURNING 'idempotency key ' || key || ' of ' || scope"""),
    Damage("O1", "a key has lost its outcome", """
        UPDATE idempotency_keys SET outcome = NULL WHERE outcome->>'outcome' = 'refused'
        RETURNING 'idempotency key ' || key || ' of ' || scope"""),
    Damage("O2a", "a paid order says its money went back", f"""
        UPDATE orders o SET payment_status = 'refunded' FROM purchases p WHERE p.id = o.purchase_id AND o.id = {PLACED}
        RETURNING 'purchase ' || p.number"""),
    Damage("O2a", "a purchase stays open when all its orders are closed", """
        UPDATE purchases SET state = 'placed' WHERE state = 'closed' RETURNING 'purchase ' || number"""),
    Damage("O2a", "an unpaid, cancelled order says its money went back", """
        UPDATE orders o SET payment_status = 'refunded' FROM purchases p
         WHERE p.id = o.purchase_id
           AND o.id = (SELECT id FROM orders WHERE state = 'cancelled' AND payment_status = 'unpaid' ORDER BY id LIMIT 1)
        RETURNING 'purchase ' || p.number"""),
    Damage("O2b", "nobody was told of a purchase", f"""
        DELETE FROM events e USING purchases p WHERE e.subject_id = p.id AND e.kind = 'PurchasePlaced' AND p.id = {WAITING}
        RETURNING 'purchase ' || p.number"""),
    Damage("O2b", "nobody was told of a cancellation", """
        DELETE FROM events e USING purchases p
         WHERE e.subject_id = p.id AND e.kind = 'PurchaseCancelled'
           AND p.id = (SELECT id FROM purchases WHERE state = 'cancelled' ORDER BY id LIMIT 1)
        RETURNING 'purchase ' || p.number"""),
    Damage("O2c", "nobody was told of captured money", """
        DELETE FROM events e USING payments p
         WHERE e.kind = 'PaymentCaptured' AND e.data->>'payment_id' = p.id::text
           AND p.id = (SELECT id FROM payments WHERE state = 'captured' ORDER BY id LIMIT 1)
        RETURNING 'payment ' || p.number"""),
    Damage("O2c", "nobody was told that an order was closed", """
        DELETE FROM events WHERE kind = 'OrderClosed' RETURNING 'order ' || (data->>'order_number')"""),
    Damage("O2c", "nobody was told of a refund", """
        DELETE FROM events e USING refunds r WHERE e.kind = 'RefundSucceeded' AND e.data->>'refund_id' = r.id::text
        RETURNING 'refund ' || r.number"""),
    Damage("O2c", "nobody was told that a parcel was received", """
        DELETE FROM events WHERE kind = 'ParcelReceived' RETURNING 'parcel ' || (data->>'fulfilment_id')"""),
    Damage("O2d", "an unpaid order is told to be paid", f"""
        INSERT INTO events (id, kind, subject_id, data, created_at)
        SELECT gen_random_uuid(), 'OrderPaid', purchase_id, jsonb_build_object('order_id', id), {LATER}
          FROM orders WHERE purchase_id = {WAITING} RETURNING 'event OrderPaid ' || id"""),
    Damage("O2d", "a payment that is not there is told to be captured", f"""
        INSERT INTO events (id, kind, subject_id, data, created_at)
        VALUES (gen_random_uuid(), 'PaymentCaptured', {WAITING}, '{{}}', {LATER}) RETURNING 'event PaymentCaptured ' || id"""),
    Damage("O3", "two payments carry one number", f"""
        UPDATE payments SET number = (SELECT number FROM payments WHERE purchase_id = {AT_CASHIER})
         WHERE purchase_id = {WAITING} RETURNING 'payment number ' || number""",
        before=("ALTER TABLE payments DROP CONSTRAINT payments_number_key",)),
    Damage("O3", "an order does not carry its purchase's number", f"""
        UPDATE orders SET number = '261121AAAAAAAAAA-1' WHERE purchase_id = {WAITING} RETURNING 'order number ' || number"""),
    Damage("O4", "a cart names another purchase", f"""
        UPDATE carts SET purchase_id = gen_random_uuid() WHERE purchase_id = {WAITING} RETURNING 'cart ' || id"""),
    Damage("O4", "a purchase belongs to another buyer than its cart", f"""
        UPDATE carts SET token_hash = sha256('another') WHERE purchase_id = {WAITING} RETURNING 'cart ' || id"""),
    Damage("O4", "the cart of a purchase is gone", f"""
        DELETE FROM carts c USING purchases p WHERE p.cart_id = c.id AND p.id = {WAITING} RETURNING 'purchase ' || p.number"""),
    Damage("O5", "a notice was left alone", f"""
        UPDATE provider_notices SET applied_at = NULL, received_at = {LONG_AGO}
         WHERE notice_id = (SELECT min(notice_id) FROM provider_notices) RETURNING 'notice ' || notice_id || ' of ' || provider"""),
    Damage("O5", "a notice is kept twice", """
        INSERT INTO provider_notices SELECT * FROM provider_notices
         WHERE notice_id = (SELECT min(notice_id) FROM provider_notices) RETURNING 'notice ' || notice_id || ' of ' || provider""",
        before=("ALTER TABLE provider_notices DROP CONSTRAINT provider_notices_pkey",)),
    Damage("O5", "a notice is of no payment of ours", """
        UPDATE provider_notices SET number = 'STRANGE'
         WHERE notice_id = (SELECT min(notice_id) FROM provider_notices) RETURNING 'notice ' || notice_id || ' of ' || provider"""),
    Damage("O6", "a handler stopped at the beginning", """
        UPDATE subscription_cursors SET xid = '0', event_id = '00000000-0000-0000-0000-000000000000'
         WHERE handler = 'notifications.tell_seller_paid' RETURNING 'handler ' || handler"""),
    Damage("O7", "a delivery was parked", """
        INSERT INTO parked_deliveries (handler, event_id, error, parked_at)
        SELECT 'notifications.tell_seller_paid', id, 'Broken()', created_at FROM events ORDER BY id LIMIT 1
        RETURNING 'event ' || event_id || ' for ' || handler"""),
    Damage("O8", "a payment stayed in doubt", f"""
        UPDATE purchases p SET expires_at = {LONG_AGO} FROM payments y WHERE y.purchase_id = p.id AND p.id = {AT_CASHIER}
        RETURNING 'payment ' || y.number"""),
    Damage("O9", "a cancelled purchase can still be paid", """
        UPDATE payments SET state = 'created' WHERE id = (SELECT id FROM payments WHERE state = 'expired' ORDER BY id LIMIT 1)
        RETURNING 'payment ' || number"""),
    Damage("O10", "a line was sold at a price that never was", """
        UPDATE order_lines l SET price_version = 99 FROM orders o
         WHERE o.id = l.order_id AND l.id = (SELECT id FROM order_lines ORDER BY id LIMIT 1)
        RETURNING 'order ' || o.number || ' line ' || l.id"""),
    Damage("O11", "a price is changed by hand", """
        UPDATE prices SET amount = amount + 1 WHERE currency = 'USD' AND variant_id = (SELECT id FROM variants WHERE sku = 'CUP')
        RETURNING 'price of ' || variant_id || ' in ' || currency"""),
    Damage("O12", "an order that nothing left says it is shipped", """
        UPDATE orders SET fulfilment_status = 'shipped'
         WHERE id = (SELECT id FROM orders WHERE fulfilment_status = 'unfulfilled' ORDER BY id LIMIT 1) RETURNING 'order ' || number"""),
    Damage("O12", "a received order does not say when", """
        UPDATE orders SET received_at = NULL WHERE fulfilment_status = 'received' RETURNING 'order ' || number"""),
    Damage("O13", "an unpaid order has a parcel", parcel(
        of=f"(SELECT id FROM orders WHERE purchase_id = {WAITING})",
        line=f"(SELECT id FROM order_lines WHERE purchase_id = {WAITING})")),
    Damage("O13", "a parcel is empty", parcel(of=PLACED, line=None)),
    Damage("O13", "a parcel holds another order's goods", parcel(
        of=PLACED, line=f"(SELECT id FROM order_lines WHERE purchase_id = {WAITING})")),
    Damage("O13", "an order is closed that was not received", """
        UPDATE orders SET fulfilment_status = 'delivered' WHERE state = 'closed' RETURNING 'order ' || number""",
        also=frozenset({"O12"})),
)  # fmt: skip

RECONCILIATION = (
    Damage("M30", "a bill's row has another amount than we booked", """
        UPDATE bill_rows r SET amount = amount + 1 FROM bills b WHERE b.id = r.bill_id AND r.kind = 'refund'
        RETURNING 'bill row ' || b.day || ' ' || b.provider || ' ' || r.position"""),
    Damage("M30", "a bill counts a row that was not kept", """
        UPDATE bills SET rows_read = rows_read + 1 RETURNING 'bill ' || day || ' ' || provider"""),
    Damage("M30", "two rows agree with one refund", """
        INSERT INTO bill_rows
        SELECT bill_id, 7, kind, number, refund_number, reference, currency, amount, fee_currency, 0, at, payment_id, refund_id,
               outcome, recorded_at FROM bill_rows WHERE kind = 'refund'
        RETURNING 'payment or refund ' || refund_id""",
        before=("UPDATE bills SET rows_read = rows_read + 1",)),
    Damage("M31", "a fee was never booked", """
        DELETE FROM transfers WHERE leg = 'fee' RETURNING 'settled ' || cause_id""", also=frozenset({"M2"})),
    Damage("M31", "a fee is in no bill", """
        INSERT INTO transfers (cause_id, leg, purchase_id, debit_kind, debit_owner, credit_kind, credit_owner, currency, amount,
                               created_at)
        SELECT id, 'fee', purchase_id, 'provider_fees', id, 'provider_balance', id, currency, 1, created_at
          FROM payments WHERE captured = 0 ORDER BY id LIMIT 1 RETURNING 'fee of ' || cause_id"""),
    Damage("M32", "money is old that no bill has", f"""
        UPDATE payments SET captured_at = {LONG_AGO}
         WHERE id = (SELECT p.id FROM payments p WHERE p.captured > 0
                        AND NOT EXISTS (SELECT FROM transfers t WHERE t.cause_id = p.id AND t.leg = 'settled')
                        AND NOT EXISTS (SELECT FROM differences d WHERE d.cause_id = p.id) ORDER BY p.id LIMIT 1)
        RETURNING 'payment ' || number""",
        before=(f"UPDATE bills SET starts_at = {LONG_AGO}",)),
)  # fmt: skip

AFTER_SALES = (
    Damage("S11", "a unit that came back is called written off", """
        UPDATE return_lines SET restocked = 0, written_off = 1 WHERE restocked = 1 RETURNING 'order line ' || order_line_id"""),
    Damage("S11", "stock came back and was not moved", """
        DELETE FROM movements WHERE kind = 'return' RETURNING 'stock return ' || cause_id""", also=frozenset({"S1"})),
    Damage("S11", "a unit came back to another variant's shelf", """
        UPDATE return_lines SET variant_id = gen_random_uuid() WHERE restocked = 1 RETURNING 'return ' || return_id"""),
    Damage("S5", "what is set aside for an exchange is not what was asked for", """
        UPDATE return_lines l SET replacement_variant_id = (SELECT id FROM variants WHERE sku = 'TEA')
          FROM holds h WHERE h.return_id = l.return_id AND h.state = 'active' RETURNING 'hold ' || h.id"""),
    Damage("S7", "a replacement was sold as if it had been ordered", """
        UPDATE holds h SET return_id = NULL FROM order_lines l, orders o
         WHERE l.id = h.order_line_id AND o.id = l.order_id AND h.state = 'consumed' AND h.return_id IN
               (SELECT return_id FROM replacements WHERE shipped = 1) RETURNING 'order ' || o.number || ' line ' || l.id"""),
    Damage("S8", "stock is set aside for a case that is no exchange", """
        UPDATE returns SET kind = 'return_and_refund' WHERE kind = 'exchange' AND state = 'approved'
        RETURNING 'return ' || id"""),
    Damage("S9", "a parcel hides that it holds a replacement", """
        WITH hit AS (UPDATE fulfilment_lines SET replacements = '[]' WHERE replacements <> '[]' RETURNING order_line_id)
        SELECT 'order ' || o.number || ' line ' || l.id FROM hit
          JOIN order_lines l ON l.id = hit.order_line_id JOIN orders o ON o.id = l.order_id"""),
    Damage("O14", "an order owes nothing for a unit that was exchanged", """
        DELETE FROM replacements WHERE shipped = 0 RETURNING 'order line ' || order_line_id""", also=frozenset({"O15"})),
    Damage("O15", "an exchange is settled whose replacement never left", """
        UPDATE returns SET state = 'settled', due_at = NULL WHERE kind = 'exchange' AND state = 'inspected'
        RETURNING 'return ' || id""", also=frozenset({"O14"})),
    Damage("M15", "a part of a refund is larger than what went back", """
        WITH hit AS (UPDATE refund_lines SET amount = amount + 1 WHERE refund_id = (SELECT min(refund_id::text)::uuid FROM refund_lines)
                     RETURNING refund_id, order_line_id)
        SELECT 'refund ' || r.number FROM hit JOIN refunds r ON r.id = hit.refund_id
        UNION ALL SELECT 'order line ' || order_line_id FROM hit""",
        also=frozenset({"M16"})),
    Damage("M15", "an order says less went back than did", """
        UPDATE orders SET refunded = refunded - 1 WHERE refunded > 0 RETURNING 'order ' || number"""),
    Damage("M16", "a refund took nothing from the seller", """
        DELETE FROM transfers t USING refunds r
         WHERE t.leg = 'return:goods' AND r.id = t.cause_id RETURNING 'refund ' || r.number""", also=frozenset({"M2", "M4"})),
    Damage("M16", "money no sale could use is taken from a seller", """
        WITH o AS (SELECT cause_id, leg FROM transfers WHERE leg = 'return:tax' ORDER BY cause_id LIMIT 1),
             hit AS (UPDATE transfers t SET cause_id = f.id, leg = 'return:odd' FROM refunds f, o
                      WHERE t.cause_id = o.cause_id AND t.leg = o.leg AND f.reason = 'late_payment'
                     RETURNING f.id, o.cause_id)
        SELECT 'refund ' || r.number FROM hit JOIN refunds r ON r.id IN (hit.id, hit.cause_id)"""),
    Damage("M24", "nobody bears a lost dispute", """
        DELETE FROM transfers t USING disputes d WHERE t.leg LIKE 'lost:%' AND d.id = t.cause_id
        RETURNING 'dispute ' || d.reference""", also=frozenset({"M2"})),
    Damage("M24", "disputed money may be refunded", """
        UPDATE payments SET disputed = 0 WHERE disputed > 0 RETURNING 'payment ' || number"""),
    Damage("O14", "a line counts a unit as asked back that no case asks for", """
        UPDATE order_lines SET returned = returned + 1 WHERE shipped > returned AND id =
               (SELECT min(id::text)::uuid FROM order_lines WHERE shipped > returned) RETURNING 'order line ' || id"""),
    Damage("O14", "an order counts a case that is closed", f"""
        UPDATE orders SET open_returns = open_returns + 1 WHERE id = {PLACED} RETURNING 'order ' || number"""),
    Damage("O15", "a case is settled whose money was never paid back", """
        UPDATE returns SET refund_id = NULL, state = 'approved', kind = 'refund_only' WHERE state = 'settled' AND kind = 'refund_only'
        RETURNING 'return ' || id""", also=frozenset({"O14"})),
    Damage("O15", "a deadline was missed", f"""
        UPDATE returns SET due_at = {LONG_AGO} WHERE state = 'requested' RETURNING 'return ' || id"""),
    Damage("O15", "a case is another seller's", """
        UPDATE returns SET seller_id = gen_random_uuid() WHERE state = 'requested' RETURNING 'return ' || id"""),
)  # fmt: skip

DATA = (
    Damage("D1a", "a movement is of no allotment", """
        INSERT INTO movements (cause_id, kind, allotment_id, subject_id, received_delta, created_at)
        VALUES (gen_random_uuid(), 'adjust', gen_random_uuid(), gen_random_uuid(), 1, now())
        RETURNING 'movement adjust of ' || cause_id"""),
    Damage("D1a", "stock is of no variant", """
        INSERT INTO allotments (id, subject_id, location_id)
        SELECT gen_random_uuid(), gen_random_uuid(), id FROM locations LIMIT 1 RETURNING 'allotment ' || id"""),
    Damage("D1a", "stock came back from nowhere", """
        INSERT INTO movements (cause_id, kind, allotment_id, subject_id, sold_delta, created_at)
        SELECT gen_random_uuid(), 'return', allotment_id, subject_id, -1, created_at FROM stock_returns LIMIT 1
        RETURNING 'movement return of ' || cause_id""", also=frozenset({"S1"})),
    Damage("D1a", "a hold is of no order line", """
        UPDATE holds SET order_line_id = gen_random_uuid()
         WHERE id = (SELECT id FROM holds WHERE state = 'released' ORDER BY id LIMIT 1) RETURNING 'hold ' || id"""),
    Damage("D1a", "a hold is of no purchase", """
        UPDATE holds SET purchase_id = gen_random_uuid()
         WHERE id = (SELECT id FROM holds WHERE state = 'released' ORDER BY id LIMIT 1) RETURNING 'hold ' || id""",
        also=frozenset({"S5"})),
    Damage("D1b", "a cart holds a variant that is not there", """
        INSERT INTO cart_lines (cart_id, variant_id, quantity, added_at)
        SELECT id, gen_random_uuid(), 1, created_at FROM carts WHERE state = 'open' ORDER BY id LIMIT 1
        RETURNING 'cart line ' || variant_id || ' of ' || cart_id"""),
    Damage("D1b", "a line is of a product that is not there", f"""
        UPDATE order_lines SET product_id = gen_random_uuid() WHERE purchase_id = {WAITING} RETURNING 'order line ' || id"""),
    Damage("D1b", "a transfer is of no purchase", odd_transfer(purchase="gen_random_uuid()")),
    Damage("D1b", "a transfer has no cause", odd_transfer(cause="gen_random_uuid()")),
    Damage("D1b", "a review is of no line", """
        UPDATE product_reviews SET order_line_id = gen_random_uuid() RETURNING 'review of line ' || order_line_id"""),
    Damage("D1b", "a parcel is of no order", """
        INSERT INTO fulfilments (id, purchase_id, order_id, seller_id, state, created_at)
        SELECT gen_random_uuid(), purchase_id, gen_random_uuid(), seller_id, 'planned', placed_at FROM orders LIMIT 1
        RETURNING 'parcel ' || id""",
        before=("ALTER TABLE fulfilments DROP CONSTRAINT fulfilments_order_id_fkey",), also=frozenset({"O13"})),
    Damage("D1c", "a cart is of no account", """
        UPDATE carts SET account_id = gen_random_uuid() WHERE id = (SELECT id FROM carts WHERE state = 'open' ORDER BY id LIMIT 1)
        RETURNING 'cart ' || id"""),
    Damage("D1c", "a notification is of no account", """
        INSERT INTO notifications (event_id, account_id, kind, data, created_at)
        SELECT id, gen_random_uuid(), 'odd', '{}', created_at FROM events ORDER BY id LIMIT 1
        RETURNING 'notification odd of ' || event_id"""),
    Damage("D1c", "a notification is of no event", """
        INSERT INTO notifications (event_id, account_id, kind, data, created_at)
        SELECT gen_random_uuid(), id, 'odd', '{}', created_at FROM accounts ORDER BY id LIMIT 1
        RETURNING 'notification odd of ' || event_id"""),
    Damage("D1c", "a mail is of no account", """
        UPDATE mails SET account_id = gen_random_uuid() WHERE id = (SELECT id FROM mails ORDER BY id LIMIT 1)
        RETURNING 'mail ' || id"""),
    Damage("D2", "a data key is wrapped by a key that is not in the ring", """
        UPDATE data_keys SET master_key_id = 'k9' WHERE person_id = (SELECT person_id FROM data_keys ORDER BY 1 LIMIT 1)
        RETURNING 'data key of person ' || person_id"""),
    Damage("D3", "a parcel is another seller's", """
        UPDATE fulfilments SET seller_id = gen_random_uuid() WHERE state = 'delivered' RETURNING 'parcel ' || id"""),
    Damage("D3", "a parcel's line is of another purchase", f"""
        UPDATE fulfilment_lines SET purchase_id = {WAITING}
         WHERE fulfilment_id = (SELECT id FROM fulfilments WHERE state = 'delivered') RETURNING 'parcel ' || fulfilment_id"""),
    Damage("D3", "a fact is of another purchase than its payment", f"""
        UPDATE payment_events SET purchase_id = {WAITING}
         WHERE payment_id = (SELECT id FROM payments WHERE state = 'captured' ORDER BY id DESC LIMIT 1)
        RETURNING 'payment fact ' || reference"""),
    Damage("D3", "a variant is another seller's than its product", """
        UPDATE variants SET seller_id = (SELECT id FROM sellers WHERE code = 'pottery') WHERE sku = 'TEA'
        RETURNING 'variant ' || sku"""),
    Damage("D3", "a review is of another product", """
        UPDATE product_reviews SET product_id = (SELECT id FROM products WHERE slug = 'pot')
        RETURNING 'review of line ' || order_line_id"""),
    Damage("D3", "a review is of another seller", """
        UPDATE seller_reviews SET seller_id = (SELECT id FROM sellers WHERE code = 'pottery')
        RETURNING 'review of order ' || order_id"""),
    Damage("D4", "a purchase has lost its address", f"""
        DELETE FROM purchase_addresses a USING purchases p WHERE p.id = a.purchase_id AND p.id = {WAITING}
        RETURNING 'purchase ' || p.number"""),
    Damage("D4", "a purchase has lost its payment", f"""
        DELETE FROM payments y USING purchases p WHERE p.id = y.purchase_id AND p.id = {WAITING}
        RETURNING 'purchase ' || p.number"""),
    Damage("D5", "a handler is ahead of every transaction", """
        UPDATE subscription_cursors SET xid = '9000000000000' WHERE handler = 'notifications.tell_seller_paid'
        RETURNING 'handler ' || handler"""),
    Damage("D5", "the balances are ahead of every transaction", """
        UPDATE balances_cursor SET folded_xid = '9000000000000' RETURNING 'balances_cursor'""",
        also=frozenset({"M2"})),
    Damage("D7", "an account cannot be found by its e-mail", """
        DELETE FROM account_emails WHERE account_id = (SELECT id FROM accounts ORDER BY id LIMIT 1)
        RETURNING 'account ' || account_id"""),
    Damage("D7", "an erased account can still be read", """
        UPDATE accounts SET state = 'erased' WHERE id = (SELECT id FROM accounts ORDER BY id LIMIT 1) RETURNING 'account ' || id"""),
    Damage("D7", "an account has lost its data key", """
        DELETE FROM data_keys WHERE person_id = (SELECT account_id FROM seller_members LIMIT 1)
        RETURNING 'account ' || person_id"""),
    Damage("D8", "a guest's data key is lost", f"""
        WITH lost AS (
            DELETE FROM data_keys k USING purchases p WHERE k.person_id = p.person_id AND p.id = {WAITING}
            RETURNING p.number, p.cart_id)
        SELECT 'address of purchase ' || number FROM lost UNION ALL SELECT 'cart ' || cart_id FROM lost"""),
    Damage("D8", "an address is sealed for somebody else", f"""
        UPDATE purchase_addresses a SET person_id = (SELECT id FROM accounts ORDER BY id LIMIT 1)
          FROM purchases p WHERE p.id = a.purchase_id AND p.id = {WAITING} RETURNING 'address of purchase ' || p.number"""),
)  # fmt: skip

PROMISED = (
    Damage("M23", "a promise is not written as a fact", """
        DELETE FROM payment_events e USING payments y WHERE y.id = e.payment_id AND e.kind = 'authorized'
           AND y.state = 'authorized' RETURNING 'payment ' || y.number"""),
    Damage("M23", "a promise is of another amount", """
        UPDATE payment_events e SET amount = e.amount - 1 FROM payments y WHERE y.id = e.payment_id
           AND e.kind = 'authorized' AND y.state = 'captured' RETURNING 'payment ' || y.number"""),
    Damage("M23", "a void payment was never given back", """
        DELETE FROM payment_events e USING payments y WHERE y.id = e.payment_id AND e.kind = 'voided'
        RETURNING 'payment ' || y.number""", also=frozenset({"O21"})),
    Damage("M23", "promised money is in the books", """
        INSERT INTO transfers (cause_id, leg, purchase_id, debit_kind, debit_owner, credit_kind, credit_owner, currency,
                               amount, created_at)
        SELECT id, 'capture', purchase_id, 'provider_clearing', id, 'customer_receivable', purchase_id, currency, amount,
               created_at FROM payments WHERE state = 'authorized'
        RETURNING 'payment ' || (SELECT number FROM payments y WHERE y.id = cause_id)""",
        also=frozenset({"M4", "M7"})),
    Damage("O20", "a purchase is served on a promise that is to be given back", """
        UPDATE payments y SET release_at = created_at FROM purchases p WHERE p.id = y.purchase_id AND y.state = 'authorized'
        RETURNING 'purchase ' || p.number"""),
    Damage("O20", "a promise is of a purchase that is not served on one", """
        UPDATE purchases p SET authorized_at = NULL, paid_at = placed_at FROM payments y
         WHERE y.purchase_id = p.id AND y.state = 'authorized' RETURNING 'payment ' || y.number""",
        also=frozenset({"O2a", "O21", "M8"})),
    Damage("O20", "a promise was not given back for days", f"""
        WITH late AS (
            UPDATE payments SET release_at = {LONG_AGO} WHERE state = 'authorized' RETURNING purchase_id, number)
        SELECT 'payment ' || number FROM late
        UNION ALL SELECT 'purchase ' || p.number FROM purchases p JOIN late ON late.purchase_id = p.id"""),
    Damage("O21", "an order is served on a promise and was not told so", """
        DELETE FROM events e USING orders o WHERE o.id::text = e.data->>'order_id' AND e.kind = 'OrderAuthorized'
           AND o.payment_status = 'authorized' RETURNING 'order ' || o.number""", also=frozenset({"D1c"})),
    Damage("O21", "a promise is told that nobody gave", f"""
        INSERT INTO events (id, kind, subject_id, data, created_at)
        SELECT gen_random_uuid(), 'PaymentAuthorized', purchase_id, json_build_object('payment_id', id)::jsonb, created_at
          FROM payments WHERE purchase_id = {WAITING}
        RETURNING 'event PaymentAuthorized of ' || (data->>'payment_id')"""),
    Damage("O2a", "an order is promised whose purchase is paid", """
        UPDATE purchases p SET paid_at = placed_at FROM payments y WHERE y.purchase_id = p.id AND y.state = 'authorized'
        RETURNING 'purchase ' || p.number""", also=frozenset({"O20", "M8"})),
    Damage("O13", "a parcel came back of an order that stands", """
        UPDATE fulfilments f SET state = 'returned' FROM orders o
         WHERE o.id = f.order_id AND o.payment_status = 'authorized' RETURNING 'parcel ' || f.id"""),
    Damage("S11", "what came back from the door is counted twice", """
        UPDATE fulfilment_lines l SET restocked = l.restocked - 1 FROM fulfilments f
         WHERE f.id = l.fulfilment_id AND f.state = 'returned' RETURNING 'order line ' || l.order_line_id"""),
)  # fmt: skip

DAMAGES = (*STOCK, *MONEY, *WORKFLOW, *AFTER_SALES, *PROMISED, *RECONCILIATION, *DATA)
