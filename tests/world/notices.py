"""Notices that are on their way: verified, and in the test's own hands."""

from tests.world.till import Bought, Till

from merx.cashier import VerifiedNotice

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def paid_notices(till: Till, *bought: Bought) -> list[VerifiedNotice]:
    """Each of these is paid; its notice, not delivered."""
    for each in bought:
        till.simulator.pay(each.payment_number)
    return [latest_notice(till, each) for each in bought]


def latest_notice(till: Till, bought: Bought) -> VerifiedNotice:
    """The last notice the provider made of a purchase's payment."""
    *_, notice = [each for each in till.simulator.list_notices() if each.number == bought.payment_number]
    body = till.simulator.notices.message(notice, None).body
    return VerifiedNotice(till.provider.parse_notice(FORM, body), body, till.now)
