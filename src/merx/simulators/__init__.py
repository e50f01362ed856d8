"""Stand-alone peers of Merx for development and tests: Alipay and a mail server, speaking the real wire protocols.

They import nothing of Merx but `merx.kit`, follow the provider's protocol rather than our adapter, and keep their
state in a directory, so a restart forgets nothing. `serve_simulators` runs them on sockets; `AlipaySimulator` and
`MailSimulator` run inside a test process without any.
"""

from merx.simulators.alipay import AlipaySimulator, Merchant, NoticeAnswer, SimulatorTransport
from merx.simulators.clock import SimulatorClock
from merx.simulators.keys import SIMULATED_APP_ID, SIMULATED_SELLER_ID, SimulatorKeys, ensure_keys
from merx.simulators.mail import MailSimulator
from merx.simulators.main import serve_simulators

__all__ = [
    "SIMULATED_APP_ID",
    "SIMULATED_SELLER_ID",
    "AlipaySimulator",
    "MailSimulator",
    "Merchant",
    "NoticeAnswer",
    "SimulatorClock",
    "SimulatorKeys",
    "SimulatorTransport",
    "ensure_keys",
    "serve_simulators",
]
