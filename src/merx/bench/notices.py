"""Payment notices over HTTP: WeChat Pay's, each with its own signature and sealed resource, made before it is measured.

The purchases are placed by the shop itself; only that their payments were started is written by SQL.
"""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from merx.bench import store
from merx.bench.database import BenchDatabase
from merx.bench.engine import command
from merx.bench.load import find_wrk, run_wrk
from merx.bench.model import BenchError
from merx.bench.web import WebServer, provider_keys
from merx.checkout import Placed, place_orders
from merx.infra.db import Database, Sql
from merx.payments.providers.wechat.settings import SIMULATED
from merx.simulators.wechat import wire

_BATCH: Final = 256
_DEADLINE: Final = timedelta(minutes=30)
_LONGEST_RUN: Final = 120

START_SQL = Sql("""
UPDATE payments y SET provider = 'wechat', state = 'action_required', started_at = $2, version = y.version + 1
  FROM purchases p
 WHERE p.id = y.purchase_id AND p.cart_id = ANY($1::uuid[]) AND y.state = 'created'
RETURNING y.number
""")
CHECK_SQL = Sql("""
WITH mine AS (SELECT y.* FROM payments y WHERE y.number = ANY($1::text[]))
SELECT (SELECT count(*) FROM mine JOIN purchases p ON p.id = mine.purchase_id JOIN orders o ON o.purchase_id = p.id
         WHERE mine.state = 'captured' AND p.state = 'placed' AND o.payment_status = 'paid'),
       (SELECT count(*) FROM provider_notices n JOIN mine ON mine.number = n.number
         WHERE n.outcome = 'placed' AND n.deliveries = 1),
       (SELECT count(*) FROM holds h JOIN mine ON mine.purchase_id = h.purchase_id WHERE h.state = 'consumed'),
       (SELECT coalesce(sum(t.amount), 0)::bigint FROM transfers t JOIN mine ON mine.id = t.cause_id
         WHERE t.debit_kind = 'provider_clearing'),
       (SELECT count(*) FROM (
            SELECT t.purchase_id FROM transfers t JOIN mine ON mine.purchase_id = t.purchase_id
             WHERE 'customer_receivable' IN (t.debit_kind, t.credit_kind)
             GROUP BY t.purchase_id
            HAVING sum(CASE t.debit_kind WHEN 'customer_receivable' THEN t.amount ELSE -t.amount END) <> 0) owing)
""")


async def measure_notices(
    database: BenchDatabase, shop: WebServer, *, count: int, connections: int, home: Path
) -> float:
    """Notices per second that are verified, decrypted and applied. Raises BenchError unless all books are exact."""
    numbers = await _waiting_payments(database, count)
    path = home / "notices.tsv"
    await asyncio.to_thread(write_notices, path, numbers, home)
    await database.checkpoint()
    answered = await run_wrk(
        find_wrk(), "notices", shop.url, path, connections=connections, seconds=_LONGEST_RUN
    )
    found = tuple(await database.owner.fetchrow(CHECK_SQL.text, numbers))
    expected = (count, count, 2 * count, count * store.TOTAL, 0)
    if (answered.completed, found) != (count, expected):
        raise BenchError(
            f"of {count} notices {answered.completed} were acknowledged; placed, kept, sold, captured and owing are "
            f"{found} and must be {expected}"
        )
    return answered.completed / answered.seconds


async def _waiting_payments(database: BenchDatabase, count: int) -> list[str]:
    """Place orders and start their payments; returns our numbers of them."""
    first = await database.prepare_carts(count)
    commands = [command(number) for number in range(first, first + count)]
    now = datetime.now(UTC)
    db = await Database(database.dsn, pool_size=1).open()
    try:
        for at in range(0, count, _BATCH):
            outcomes = await place_orders(db, commands[at : at + _BATCH], now=now, deadline=_DEADLINE)
            if not all(isinstance(outcome, Placed) for outcome in outcomes):
                raise BenchError("a prepared cart was refused")
    finally:
        await db.close()
    rows = await database.owner.fetch(START_SQL.text, [each.cart_id for each in commands], now)
    return [row[0] for row in rows]


def write_notices(path: Path, numbers: Sequence[str], home: Path) -> None:
    """One line for each notice: time, nonce, key, signature and body, as WeChat Pay sends them now."""
    private, _ = provider_keys(home)
    key = wire.load_private(private.read_text(encoding="ascii"))
    at = datetime.now(UTC)
    serial = SIMULATED["wechat_public_key_id"]
    with path.open("w", encoding="utf-8") as lines:
        for number in numbers:
            body = _notice(number, at)
            timestamp, nonce = str(int(at.timestamp())), secrets.token_hex(16)
            signature = wire.sign(wire.answer_text(timestamp, nonce, body.encode()), key)
            lines.write(f"{timestamp}\t{nonce}\t{serial}\t{signature}\t{body}\n")


def _notice(number: str, at: datetime) -> str:
    resource = {
        "mchid": SIMULATED["wechat_mch_id"],
        "appid": SIMULATED["wechat_app_id"],
        "out_trade_no": number,
        "transaction_id": f"42000{number}",
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "success_time": wire.rfc3339(at),
        "payer": {"openid": "o-simulated-payer-0000000001"},
        "amount": {
            "total": store.TOTAL,
            "payer_total": store.TOTAL,
            "currency": store.CURRENCY,
            "payer_currency": store.CURRENCY,
        },
    }
    sealed = wire.seal(
        wire.compact_json(resource),
        secret=SIMULATED["wechat_api_v3_key"],
        associated_data="transaction",
    )
    return wire.compact_json(
        {
            "id": f"EV-{number}",
            "create_time": wire.rfc3339(at),
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": {"original_type": "transaction", **sealed},
        }
    )
