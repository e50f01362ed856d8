"""The reference lists every error code, event, job and command, and no others."""

import re
from pathlib import Path

import click
import pytest
from tests.docs import event_table
from tests.docs.source_facts import commands, event_types, refusals

from merx.accounts import TooManyAttempts
from merx.bench.run import NAMES
from merx.infra.dispatch import Subscriptions
from merx.infra.http import status_of
from merx.infra.outbox import by_kind
from merx.kit.errors import DomainError
from merx.subscriptions import SUBSCRIPTIONS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
WORKER = (ROOT / "src" / "merx" / "worker.py").read_text(encoding="utf-8")
REFUSALS = refusals()
COMMANDS = commands()
CODES = [
    (code, int(status))
    for code, status in re.findall(r"^\| `(\w+)` \| .+ \| (\d{3}) \|$", PAGE, re.MULTILINE)
]
WEB_LAYER = {
    code for code, _ in CODES if f"| `{code}` |" in PAGE.partition("### From the web layer")[2].partition("###")[0]
}  # fmt: skip


def _section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_error_code_stands_there_once_and_no_other() -> None:
    documented = [code for code, _ in CODES if code not in WEB_LAYER]
    assert sorted(documented) == sorted(REFUSALS)


@pytest.mark.parametrize(("code", "status"), CODES)
def test_the_status_of_a_code_is_the_real_one(code: str, status: int) -> None:
    assert {int(status_of(_made(kind))) for kind in REFUSALS.get(code, set())} <= {status}


def _made(kind: type[DomainError]) -> DomainError:
    """A refusal of a kind, without the values of its text: only the kind, and a time to come back, decide."""
    error = kind.__new__(kind)
    error.params = {"retry_after": 60} if kind is TooManyAttempts else {}
    return error


def test_the_codes_of_the_web_layer_are_in_its_source() -> None:
    folder = ROOT / "src" / "merx" / "infra" / "http"
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert [code for code in WEB_LAYER if f'"{code}"' not in source] == []


def test_every_event_stands_there_with_its_schema_and_no_other() -> None:
    """Write the table anew with `python -m tests.docs.event_table`."""
    assert event_table.table() in PAGE


def test_every_event_has_a_name_of_its_own_and_a_subject_among_its_fields() -> None:
    types = event_types()
    assert len({each.__name__ for each in types}) == len(types)
    assert [each for each in types if each.subject not in each.__struct_fields__] == []


def test_every_handler_stands_there_with_what_it_hears() -> None:
    rows = re.findall(
        r"^\| `([\w.]+)` \| (`\w+`(?:, `\w+`)*) \| ",
        _section("Events").partition("### Who hears them")[2],
        re.MULTILINE,
    )
    documented = {name: frozenset(re.findall(r"`(\w+)`", kinds)) for name, kinds in rows}
    subscriptions: Subscriptions = SUBSCRIPTIONS
    assert documented == {each.name: frozenset(by_kind(each.events)) for each in subscriptions}


def test_every_job_stands_there_with_its_interval() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) s \|", _section("Periodic jobs"), re.MULTILINE)
    declared = re.findall(r'Job\("(\w+)", ([\d.]+),', WORKER)
    assert sorted(rows) == sorted(declared)


def test_every_command_stands_there_and_no_other() -> None:
    assert set(re.findall(r"^\| `(merx [\w ]+)` \|", _section("Commands"), re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_every_option_of_a_command_stands_there(name: str, command: click.Command) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    options = {opt for each in command.params if isinstance(each, click.Option) for opt in each.opts}
    arguments = {each.human_readable_name for each in command.params if isinstance(each, click.Argument)}
    names = {option for option in options if option.startswith("--")} | {each.upper() for each in arguments}
    assert set(re.findall(r"`(--[\w-]+|[A-Z]+)`", row.rpartition(" | ")[2])) == names


def test_every_benchmark_stands_there_in_order() -> None:
    section = PAGE.partition("### Benchmarks\n")[2]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(NAMES)
