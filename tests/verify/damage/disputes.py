"""Damage to disputes."""

from tests.verify.damage.core import Damage

DAMAGES = (
    Damage("M24", "nobody bears a lost dispute", """
        DELETE FROM transfers t USING disputes d WHERE t.leg LIKE 'lost:%' AND d.id = t.cause_id
        RETURNING 'dispute ' || d.reference""", also=frozenset({"M2"})),
    Damage("M24", "disputed money may be refunded", """
        UPDATE payments SET disputed = 0 WHERE disputed > 0 RETURNING 'payment ' || number"""),
)  # fmt: skip
