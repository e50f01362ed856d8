"""Log lines: no secret, no forged line."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from merx.infra.logging import configure_logging, get_logger, redact, security_event


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def cleaned(**fields: object) -> dict[str, object]:
    return dict(redact(None, "info", dict(fields)))


def test_values_with_a_secret_name_are_masked_at_every_depth() -> None:
    assert cleaned(password="hunter2", form={"new_password": "hunter2", "email": "a@b.example"}) == {
        "password": "********",
        "form": {"new_password": "********", "email": "a@b.example"},
    }


def test_a_password_inside_an_address_is_masked() -> None:
    assert cleaned(error="cannot reach postgresql://merx:hunter2@db/merx") == {
        "error": "cannot reach postgresql://merx:********@db/merx"
    }


def test_control_characters_cannot_forge_a_line() -> None:
    assert cleaned(event='login\r\n{"event": "admin"}\x1b[2J\u2028') == {
        "event": 'login\\r\\n{"event": "admin"}\\x1b[2J\\u2028'
    }


def test_numbers_and_truth_values_stay_what_they_are() -> None:
    assert cleaned(count=3, ok=True, ratio=0.5, nothing=None) == {
        "count": 3,
        "ok": True,
        "ratio": 0.5,
        "nothing": None,
    }


@pytest.mark.usefixtures("restored_logging")
def test_a_line_is_one_json_object_with_the_process_name(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="info", process="worker")
    get_logger("merx.test").info("job_done", job="mail", token="abc")
    get_logger("merx.test").debug("not_shown")
    security_event("login_failed", remote="127.0.0.1\nx")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["process"], line["level"]) for line in lines] == [
        ("job_done", "worker", "info"),
        ("login_failed", "worker", "warning"),
    ]
    assert lines[0]["token"] == "********"
    assert (lines[1]["security"], lines[1]["remote"]) == (True, "127.0.0.1\\nx")
