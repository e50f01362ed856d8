"""From after-sales cases and refunds to answers. Pure."""

from collections.abc import Mapping
from uuid import UUID

from merx.api import return_views
from merx.api.render import money
from merx.payments import Refund
from merx.returns import Return, goods_to_send
from merx.sellers import Seller


def refund(found: Refund) -> return_views.RefundView:
    """Money on its way back."""
    return return_views.RefundView(
        id=found.id,
        state=found.state,
        amount=money(found.amount, found.currency),
        created_at=found.created_at,
        settled_at=found.settled_at,
    )


def case(
    found: Return, *, refunds: Mapping[UUID, Refund], sellers: Mapping[UUID, Seller]
) -> return_views.ReturnView:
    """An after-sales case."""
    paid = refunds.get(found.refund_id) if found.refund_id is not None else None
    return return_views.ReturnView(
        id=found.id,
        purchase_id=found.purchase_id,
        order_id=found.order_id,
        order_number=found.order_number,
        seller_id=found.seller_id,
        kind=found.kind,
        state=found.state,
        reason=found.reason,
        body=found.body,
        media_ids=found.media_ids,
        lines=[
            return_views.ReturnLineView(
                order_line_id=line.order_line_id,
                variant_id=line.variant_id,
                quantity=line.quantity,
                unshipped=line.unshipped,
                replacement=None
                if line.replacement is None
                else return_views.WantedVariantView(
                    variant_id=line.replacement.variant_id,
                    sku=line.replacement.sku,
                    label=line.replacement.label,
                ),
                restocked=line.restocked,
                written_off=line.written_off,
            )
            for line in found.lines
        ],
        amount=money(found.amount, found.currency),
        proposed=None if found.proposed is None else money(found.proposed, found.currency),
        agreed=None if found.agreed is None else money(found.agreed, found.currency),
        answer=found.answer,
        carrier=found.carrier,
        tracking_number=found.tracking_number,
        sent_back_at=found.sent_back_at,
        return_address=_goes_back_to(found, sellers.get(found.seller_id)),
        decided_by_platform=found.decided_by is not None,
        due_at=found.due_at,
        refund=None if paid is None else refund(paid),
        created_at=found.created_at,
        updated_at=found.updated_at,
        version=found.version,
    )


def return_address(seller: Seller) -> return_views.ReturnAddressView:
    """Where a seller's buyers send goods back to."""
    return return_views.ReturnAddressView(
        seller_id=seller.id, seller_code=seller.code, return_address=seller.return_address
    )


def _goes_back_to(found: Return, seller: Seller | None) -> str | None:
    return seller.return_address if seller is not None and goods_to_send(found) else None
