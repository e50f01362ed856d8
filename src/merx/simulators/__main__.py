"""`python -m merx.simulators`: run the simulators on the local machine until interrupted."""

import argparse
import asyncio
import contextlib
import signal
from pathlib import Path

from merx.simulators.main import serve_simulators


def main() -> None:
    """Parse the command line and serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m merx.simulators", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--alipay-port", type=int, default=8090)
    parser.add_argument("--wechat-port", type=int, default=8092)
    parser.add_argument("--card-port", type=int, default=8093)
    parser.add_argument("--card-webhook-url", default="http://localhost:8000/payments/card/notify")
    parser.add_argument("--mail-smtp-port", type=int, default=8025)
    parser.add_argument("--mail-http-port", type=int, default=8091)
    parser.add_argument("--state-dir", type=Path, default=Path(".merx/simulators"))
    asyncio.run(_serve(parser.parse_args()))


async def _serve(given: argparse.Namespace) -> None:
    serving = asyncio.ensure_future(
        serve_simulators(
            host=given.host,
            alipay_port=given.alipay_port,
            wechat_port=given.wechat_port,
            card_port=given.card_port,
            card_webhook_url=given.card_webhook_url,
            mail_smtp_port=given.mail_smtp_port,
            mail_http_port=given.mail_http_port,
            state_dir=given.state_dir,
        )
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


if __name__ == "__main__":
    main()
