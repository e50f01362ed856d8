"""A simulated Alipay: gateway, cashier page, notices with the real retry schedule, and faults on request."""

from merx.simulators.alipay.model import Merchant, NoticeAnswer
from merx.simulators.alipay.simulator import AlipaySimulator
from merx.simulators.alipay.transport import SimulatorTransport

__all__ = ["AlipaySimulator", "Merchant", "NoticeAnswer", "SimulatorTransport"]
