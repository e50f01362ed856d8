"""`python -m tests.simulation --seed N --steps M`: one run of the simulated shop, with its trace."""

import argparse
import os
import sys
from pathlib import Path

import pytest


def main() -> int:
    """Run one seed; the exit code is pytest's."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, default=200)
    given = parser.parse_args()
    os.environ["MERX_TEST_SEED"], os.environ["MERX_TEST_STEPS"] = str(given.seed), str(given.steps)
    return int(pytest.main(["-q", "-s", str(Path(__file__).parent)]))


sys.exit(main())
