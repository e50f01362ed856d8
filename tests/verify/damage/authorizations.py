"""Damage to money that is authorized."""

from tests.verify.damage.core import LONG_AGO, WAITING, Damage

DAMAGES = (
    Damage("M23", "an authorization is not written as a fact", """
        DELETE FROM payment_events e USING payments y WHERE y.id = e.payment_id AND e.kind = 'authorized'
           AND y.state = 'authorized' RETURNING 'payment ' || y.number"""),
    Damage("M23", "an authorization is of another amount", """
        UPDATE payment_events e SET amount = e.amount - 1 FROM payments y WHERE y.id = e.payment_id
           AND e.kind = 'authorized' AND y.state = 'captured' RETURNING 'payment ' || y.number"""),
    Damage("M23", "a void payment was never given back", """
        DELETE FROM payment_events e USING payments y WHERE y.id = e.payment_id AND e.kind = 'voided'
        RETURNING 'payment ' || y.number""", also=frozenset({"O21"})),
    Damage("M23", "authorized money is in the books", """
        INSERT INTO transfers (cause_id, leg, purchase_id, debit_kind, debit_owner, credit_kind, credit_owner, currency,
                               amount, created_at)
        SELECT id, 'capture', purchase_id, 'provider_clearing', id, 'customer_receivable', purchase_id, currency, amount,
               created_at FROM payments WHERE state = 'authorized'
        RETURNING 'payment ' || (SELECT number FROM payments y WHERE y.id = cause_id)""",
        also=frozenset({"M4", "M7"})),
    Damage("O20", "a purchase is served on an authorization that is to be voided", """
        UPDATE payments y SET void_wanted_at = created_at FROM purchases p WHERE p.id = y.purchase_id AND y.state = 'authorized'
        RETURNING 'purchase ' || p.number"""),
    Damage("O20", "an authorization is of a purchase that is not served on one", """
        UPDATE purchases p SET authorized_at = NULL, paid_at = placed_at FROM payments y
         WHERE y.purchase_id = p.id AND y.state = 'authorized' RETURNING 'payment ' || y.number""",
        also=frozenset({"O2a", "O21", "M8"})),
    Damage("O20", "an authorization was not voided for days", f"""
        WITH late AS (
            UPDATE payments SET void_wanted_at = {LONG_AGO} WHERE state = 'authorized' RETURNING purchase_id, number)
        SELECT 'payment ' || number FROM late
        UNION ALL SELECT 'purchase ' || p.number FROM purchases p JOIN late ON late.purchase_id = p.id"""),
    Damage("O21", "an order is served on an authorization and was not told so", """
        DELETE FROM events e USING orders o WHERE o.id::text = e.data->>'order_id' AND e.kind = 'OrderAuthorized'
           AND o.payment_status = 'authorized' RETURNING 'order ' || o.number""", also=frozenset({"D1c"})),
    Damage("O21", "an authorization is told that nobody gave", f"""
        INSERT INTO events (id, kind, subject_id, data, created_at)
        SELECT gen_random_uuid(), 'PaymentAuthorized', purchase_id, json_build_object('payment_id', id)::jsonb, created_at
          FROM payments WHERE purchase_id = {WAITING}
        RETURNING 'event PaymentAuthorized of ' || (data->>'payment_id')"""),
    Damage("O2a", "an order is authorized whose purchase is paid", """
        UPDATE purchases p SET paid_at = placed_at FROM payments y WHERE y.purchase_id = p.id AND y.state = 'authorized'
        RETURNING 'purchase ' || p.number""", also=frozenset({"O20", "M8"})),
    Damage("O13", "a parcel came back of an order that stands", """
        UPDATE fulfilments f SET state = 'returned' FROM orders o
         WHERE o.id = f.order_id AND o.payment_status = 'authorized' RETURNING 'parcel ' || f.id""",
        also=frozenset({"O12"})),
    Damage("S11", "what came back from the door is counted twice", """
        UPDATE fulfilment_lines l SET restocked = l.restocked - 1 FROM fulfilments f
         WHERE f.id = l.fulfilment_id AND f.state = 'returned' RETURNING 'order line ' || l.order_line_id"""),
)  # fmt: skip
