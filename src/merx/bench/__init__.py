"""`merx bench`: what this machine reaches, each figure beside the floor it is measured against in the same run.

It stands above everything, like the command line: it calls the use cases in process, the web server over HTTP, and
PostgreSQL directly. Nothing depends on it.
"""

from merx.bench.run import NAMES, run_bench

__all__ = ["NAMES", "run_bench"]
