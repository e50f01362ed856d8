"""The carriers sellers ship with, and the shape of their tracking numbers. Pure.

A shape only catches slips of the pen: a carrier may begin to number otherwise, and "other" takes anything
sensible.
"""

import re
import unicodedata
from typing import Final

from merx.fulfilment.errors import BadTrackingNumber, UnknownCarrier
from merx.fulfilment.model import Carrier

MAX_TRACKING_NUMBER: Final = 40
_POSTAL: Final = "[A-Z]{2}[0-9]{9}[A-Z]{2}"  # the numbers of the postal union, used by mail and its partners

CARRIERS: Final = (
    Carrier("shunfeng", {"zh-CN": "顺丰速运", "en": "SF Express"}, "(SF)?[0-9]{12,15}"),
    Carrier("yuantong", {"zh-CN": "圆通速递", "en": "YTO Express"}, "YT[0-9]{13,16}|[A-Z]?[0-9]{10,18}"),
    Carrier("zhongtong", {"zh-CN": "中通快递", "en": "ZTO Express"}, "(ZT)?[0-9]{12,15}"),
    Carrier("yunda", {"zh-CN": "韵达快递", "en": "Yunda Express"}, "(YD)?[0-9]{13,15}"),
    Carrier("ems", {"zh-CN": "中国邮政 EMS", "en": "China Post EMS"}, f"{_POSTAL}|[0-9]{{13}}"),
    Carrier("jd", {"zh-CN": "京东物流", "en": "JD Logistics"}, "JD[A-Z]{0,4}[0-9]{9,16}(-[0-9]{1,4}){0,2}-?"),
    Carrier("dhl", {"zh-CN": "DHL", "en": "DHL"}, f"[0-9]{{10,11}}|J[A-Z]{{2,3}}[0-9]{{9,20}}|{_POSTAL}"),
    Carrier("ups", {"zh-CN": "UPS", "en": "UPS"}, "1Z[0-9A-Z]{16}|T[0-9]{10}|[0-9]{9,12}"),
    Carrier("fedex", {"zh-CN": "联邦快递", "en": "FedEx"}, "[0-9]{12}|[0-9]{14,15}|[0-9]{20}|[0-9]{22}"),
    Carrier(
        "usps", {"zh-CN": "美国邮政 USPS", "en": "USPS"}, f"[0-9]{{20,22}}|[0-9]{{26}}|[0-9]{{30}}|{_POSTAL}"
    ),
    Carrier("other", {"zh-CN": "其他承运商", "en": "Other carrier"}, "[A-Z0-9][A-Z0-9-]{3,39}"),
)
"""In the order in which a seller sees them."""

_BY_CODE: Final = {carrier.code: carrier for carrier in CARRIERS}
_BLANKS: Final = re.compile(r"\s+")


def find_carrier(code: str) -> Carrier:
    """The carrier with this code. Raises UnknownCarrier."""
    if code not in _BY_CODE:
        raise UnknownCarrier(code=code[:MAX_TRACKING_NUMBER])
    return _BY_CODE[code]


def clean_tracking_number(carrier: Carrier, typed: str) -> str:
    """A typed or pasted number as the carrier writes it: capitals, narrow digits, no blanks.

    Raises BadTrackingNumber.
    """
    number = ""
    if len(typed) <= 2 * MAX_TRACKING_NUMBER:
        number = _BLANKS.sub("", unicodedata.normalize("NFKC", typed)).upper()
    if len(number) > MAX_TRACKING_NUMBER or not re.fullmatch(carrier.pattern, number, re.ASCII):
        raise BadTrackingNumber(number=typed[:MAX_TRACKING_NUMBER], carrier=carrier.code)
    return number
