"""Why a provider could not do something. Unavailable always means: the outcome is unknown, ask again later."""

from enum import StrEnum

from merx.kit.errors import Invalid, NotFound, Unavailable


class ProviderUnavailable(Unavailable):
    """No answer, a broken one, or one whose signature is not the provider's. Params: `provider`, `reason`."""

    code = "payment_provider_unavailable"
    message = "The payment provider does not answer at the moment. Try again shortly."


class ProviderRefused(ProviderUnavailable):
    """The provider answered, verified, with a refusal no retry cures: keys, permissions, parameters.

    Still a kind of unavailable, so that no caller mistakes it for a failed payment. Params: `provider`, `reason`.
    """

    code = "payment_provider_refused"
    message = "The payment provider refused the request. Choose another way to pay, or try again later."


class ProviderDown(ProviderUnavailable):
    """Not asked at all: it did not answer lately. Params: `provider`, `reason`."""

    code = "payment_provider_down"
    message = (
        "The payment provider does not answer at the moment. Choose another way to pay, or try again shortly."
    )


class PaymentNotPossible(Invalid):
    """A provider cannot take this payment as asked. Params: `provider`, `reason`."""

    code = "payment_not_possible"
    message = "This cannot be paid with %(provider)s: %(reason)s."


class BillNotReady(Unavailable):
    """The provider has not made the bill of this day yet. Params: `provider`, `day`."""

    code = "payment_bill_not_ready"
    message = "The bill of %(provider)s for %(day)s is not ready yet."


class UnknownProvider(NotFound):
    """No provider has this code. Params: `provider`."""

    code = "unknown_payment_provider"
    message = "There is no payment provider %(provider)r."


class NoticeProblem(StrEnum):
    """What is wrong with a notice."""

    BAD_SIGNATURE = "bad_signature"
    WRONG_APP = "wrong_app"
    WRONG_SELLER = "wrong_seller"
    MALFORMED = "malformed"


class NoticeRejected(Invalid):
    """A notice that must not be believed."""

    code = "payment_notice_rejected"
    message = "The payment notice was rejected: %(reason)s."

    def __init__(self, reason: NoticeProblem, detail: str = "") -> None:
        """`detail` is for the security log; it never quotes what the sender wrote."""
        self.reason = reason
        self.detail = detail
        super().__init__(reason=reason.value)
