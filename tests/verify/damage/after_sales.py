"""Damage to after-sales cases and exchanges."""

from tests.verify.damage.core import LONG_AGO, PLACED, Damage

DAMAGES = (
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
