"""Proof that what must always hold does hold, over the whole database, in one snapshot, without writing anything.

Every check is data: a statement that finds the rows that break one invariant. A restored backup, a test with injected
faults and a nightly run in production are all judged by the same list.
"""

from merx.verify.checks import CHECKS
from merx.verify.model import Break, Check, CheckResult, Report
from merx.verify.run import verify
from merx.verify.run_verify import run_verify

__all__ = ["CHECKS", "Break", "Check", "CheckResult", "Report", "run_verify", "verify"]
