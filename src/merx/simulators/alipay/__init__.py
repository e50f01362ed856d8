"""A simulated Alipay: gateway, cashier page, bills, notices with the real retry schedule, and faults on request."""

from merx.simulators.alipay.certificates import Certificates, ensure_certificates
from merx.simulators.alipay.model import Merchant
from merx.simulators.alipay.simulator import AlipaySimulator
from merx.simulators.common.delivery import NoticeAnswer
from merx.simulators.common.transport import SimulatorTransport

__all__ = [
    "AlipaySimulator",
    "Certificates",
    "Merchant",
    "NoticeAnswer",
    "SimulatorTransport",
    "ensure_certificates",
]
