"""Which moves a payment and a refund may make.

`expired → captured` and `voided → captured` are real: money can arrive after we gave up on it, and then it is ours to
re-allocate or to return; an authorization (`authorized`) can come late, too. `failed → succeeded` is real, too: a provider may
pay back what it had refused. So is `succeeded → failed`: the payer's bank may send a refund back days later.
"""

from typing import Final

from merx.kit.states import StateTable

PAYMENT_STATES: Final = StateTable(
    "payment",
    initial=["created"],
    moves={
        "created": ["action_required", "authorized", "captured", "expired"],
        "action_required": ["authorized", "captured", "expired"],
        "authorized": ["captured", "voided"],
        "captured": [],
        "expired": ["authorized", "captured"],
        "voided": ["captured"],
    },
)

REFUND_STATES: Final = StateTable(
    "refund",
    initial=["requested"],
    moves={
        "requested": ["approved"],
        "approved": ["submitted"],
        "submitted": ["succeeded", "failed"],
        "succeeded": ["failed"],
        "failed": ["submitted", "succeeded"],
    },
)

# The reports of a dispute may come in any order: it may begin anywhere, and no move leads back.
DISPUTE_STATES: Final = StateTable(
    "dispute",
    initial=["inquiry", "needs_response", "under_review", "won", "lost", "closed"],
    moves={
        "inquiry": ["needs_response", "under_review", "won", "lost", "closed"],
        "needs_response": ["under_review", "won", "lost"],
        "under_review": ["won", "lost"],
        "won": [],
        "lost": [],
        "closed": [],
    },
)
