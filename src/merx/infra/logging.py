"""Logging: structlog, JSON lines on a pipe or file, coloured lines on a terminal; secrets never pass."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_SECRET_NAME = re.compile(
    r"passw|secret|token|api_?key|private|authorization|cookie|master_key|dsn|database_url", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"(\w+://[^\s:/@]*:)[^\s/@]+@")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]|\n|\t")
_HIDDEN = "********"
_LONGEST = 4_000


def configure_logging(*, level: str = "info", process: str | None = None) -> None:
    """Send structlog and the standard library's loggers to standard error in one format.

    `level` is a value of MERX_LOG_LEVEL; `process` (for example "worker") is put on every line.
    """
    console = sys.stderr.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
        structlog.processors.StackInfoRenderer(),
    ]
    if not console:
        shared.append(structlog.processors.format_exc_info)
    shared.append(redact)
    if process is not None:
        shared.insert(0, _always(process))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(_LEVELS[level])
    for chatty in ("httpx", "httpcore", "asyncio", "_granian", "mail.log"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, _LEVELS[level]))


def security_event(name: str, **fields: object) -> None:
    """Log something the security of the shop depends on (failed login, refused signature, refused input).

    `name` is a stable lower_snake_case word; fields are plain values and never contain secrets or personal data.
    """
    structlog.stdlib.get_logger("merx.security").warning(name, security=True, **fields)


def redact(_logger: "WrappedLogger", _method: str, event: "EventDict") -> "EventDict":
    """Mask values whose name says secret and passwords inside addresses; make control characters visible."""
    return {name: event[name] if name.startswith("_") else _clean(name, event[name]) for name in event}


def _clean(name: str, value: object) -> object:
    if name == "exc_info" or value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_NAME.search(name):
        return _HIDDEN
    if isinstance(value, str):
        keep_lines = name in {"exception", "stack"}
        text = _URL_PASSWORD.sub(rf"\1{_HIDDEN}@", value[:_LONGEST])
        return text if keep_lines else _CONTROL.sub(lambda found: repr(found.group())[1:-1], text)
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", inner) for inner in value]
    return _clean("", str(value))


def _always(process: str) -> "Processor":
    def add(_logger: "WrappedLogger", _method: str, event: "EventDict") -> "EventDict":
        event.setdefault("process", process)
        return event

    return add


def get_logger(name: str) -> Any:
    """Return the logger of a module, called with its `__name__`; events are short words, facts are keyword arguments."""
    return structlog.stdlib.get_logger(name)
