"""Damage to bills and differences."""

from tests.verify.damage.core import LONG_AGO, Damage

DAMAGES = (
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
