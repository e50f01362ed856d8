"""Every check, in the order in which they are shown."""

from typing import Final

from merx.verify.after_sales import AFTER_SALES
from merx.verify.authorizations import AUTHORIZED
from merx.verify.data import DATA
from merx.verify.disputes import DISPUTES
from merx.verify.model import Check
from merx.verify.money import MONEY
from merx.verify.promotions import PROMOTIONS
from merx.verify.reconciliation import RECONCILIATION
from merx.verify.stock import STOCK
from merx.verify.workflow import WORKFLOW

CHECKS: Final[tuple[Check, ...]] = (
    *STOCK, *MONEY, *PROMOTIONS, *WORKFLOW, *AFTER_SALES, *AUTHORIZED, *DISPUTES, *RECONCILIATION, *DATA
)  # fmt: skip
