"""Damage to money: the ledger, balances, payments and refunds."""

from tests.verify.damage.core import PLACED, TAX, WAITING, Damage, odd_transfer

NOT_FOLDED = "(SELECT folded_xid FROM balances_cursor)"
TWO_LINES = (
    "(SELECT order_id FROM order_lines GROUP BY order_id HAVING count(*) = 2 ORDER BY order_id LIMIT 1)"
)


DAMAGES = (
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
        RETURNING 'order line ' || id""", also=frozenset({"M3d"})),
    Damage("M3c", "shipping is taxed at another rate than it says", """
        UPDATE orders SET shipping_tax_bp = 0 WHERE id = (SELECT id FROM orders WHERE shipping > 0 ORDER BY id LIMIT 1)
        RETURNING 'order ' || number""", also=frozenset({"M3d"})),
    Damage("M3d", "a line has a discount that nobody counted", f"""
        INSERT INTO order_adjustments (id, purchase_id, order_id, order_line_id, position, kind, cause_id, name, funder,
                                       amount, tax, created_at)
        SELECT gen_random_uuid(), purchase_id, order_id, id, 0, 'discount', gen_random_uuid(), '{{}}', 'seller', -5, 0, now()
          FROM order_lines WHERE order_id = {TWO_LINES} AND position = 0
        RETURNING 'order line ' || order_line_id""", also=frozenset({"P1"})),
    Damage("M3d", "the platform funds a delivery that nobody made cheaper", f"""
        INSERT INTO order_adjustments (id, purchase_id, order_id, position, kind, cause_id, name, funder, amount, tax,
                                       created_at)
        SELECT gen_random_uuid(), o.purchase_id, o.id, 0, 'discount', gen_random_uuid(), '{{}}', 'platform', -5, 0, now()
          FROM orders o WHERE o.id = {PLACED}
        RETURNING 'order ' || (SELECT number FROM orders o WHERE o.id = order_id)""", also=frozenset({"P1"})),
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
