"""Ports of this machine that nobody listens on."""

import contextlib
import socket


def free_ports(count: int) -> list[int]:
    """So many different ones; all are looked for at the same time."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def simulators_on(home: object, *, workers: int) -> dict[str, str]:
    """The settings of a shop with simulators in this folder, every port a free one."""
    web, alipay, wechat, card, smtp, mail = free_ports(6)
    return {
        "MERX_HOME": str(home),
        "MERX_PORT": str(web),
        "MERX_SIMULATORS": "true",
        "MERX_SIMULATOR_ALIPAY_PORT": str(alipay),
        "MERX_SIMULATOR_WECHAT_PORT": str(wechat),
        "MERX_SIMULATOR_CARD_PORT": str(card),
        "MERX_SIMULATOR_MAIL_SMTP_PORT": str(smtp),
        "MERX_SIMULATOR_MAIL_HTTP_PORT": str(mail),
        "MERX_WEB_WORKERS": str(workers),
    }
