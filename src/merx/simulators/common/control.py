"""The control interfaces' common part: who may use one, and how a clock is moved."""

from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException, ValidationException
from litestar.handlers import BaseRouteHandler

from merx.simulators.clock import SimulatorClock

_LOCAL_NAMES = {"localhost", "127.0.0.1", "[::1]", "simulator", "alipay.test", "wechat.test", "card.test"}


class ClockChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Exactly one of: an instant to jump to, seconds to move on, or back to real time."""

    now: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    advance_seconds: float | None = None
    real_time: bool = False
    #: With `now`: stand still there instead of running on.
    freeze: bool = False


def move(clock: SimulatorClock, change: ClockChange) -> None:
    """Do what a ClockChange says. Raises ValidationException when it does not say exactly one thing."""
    given = (change.now is not None) + (change.advance_seconds is not None) + change.real_time
    if given != 1:
        raise ValidationException("give exactly one of now, advance_seconds, real_time")
    if change.now is not None:
        clock.set(change.now, freeze=change.freeze)
    elif change.advance_seconds is not None:
        clock.advance(timedelta(seconds=change.advance_seconds))
    else:
        clock.follow_real_time()


def only_local(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse whoever is not on this machine, and web pages elsewhere that make a local browser call us."""
    client = connection.client
    try:
        local = client is not None and ip_address(client.host).is_loopback
    except ValueError:
        local = False
    host = connection.headers.get("host", "").rsplit(":", 1)[0] if client else ""
    simple = connection.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    if not (local and host in _LOCAL_NAMES and simple):
        raise PermissionDeniedException("the control interface answers only to this machine")
