"""What verify says of a shop in which everything happened as it should, and how it says it."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.verify.conftest import LivedIn

from merx.infra.db import Database, Sql
from merx.kit.ids import new_id
from merx.verify import CHECKS, Break, CheckResult, Report, run_verify, verify
from merx.verify.present import show
from merx.verify.store import NAMED, shared_snapshot

RING = ["k1", "k2"]
NOTHING_THERE = {"O7"}
STATES = """
SELECT array_agg(DISTINCT state || coalesce(':' || cancel_reason, '')) FROM purchases
UNION ALL SELECT array_agg(DISTINCT state) FROM payments
UNION ALL SELECT array_agg(DISTINCT state) FROM holds
UNION ALL SELECT array_agg(DISTINCT fulfilment_status) FROM orders
UNION ALL SELECT array_agg(DISTINCT reason || ':' || state) FROM refunds
"""


async def test_a_shop_made_by_the_use_cases_is_sound(lived_in: LivedIn) -> None:
    report = await verify(lived_in.db, now=lived_in.now, key_ids=RING, media_dir=lived_in.media)
    assert [(each.code, each.named) for each in report.results if each.breaks] == []
    assert report.sound
    assert [each.code for each in report.results] == [*(check.code for check in CHECKS), "D6"]
    assert all(each.skipped is None for each in report.results)
    assert {each.code for each in report.results if each.examined == 0} == NOTHING_THERE


@pytest.mark.usefixtures("lived_in")
async def test_that_shop_has_everything_the_checks_speak_of(owner: Any) -> None:
    purchases, payments, holds, deliveries, refunds = [set(row[0]) for row in await owner.fetch(STATES)]
    assert purchases == {
        "pending_payment",
        "placed",
        "closed",
        "cancelled:buyer",
        "cancelled:expired",
        "cancelled:undelivered",
    }
    assert payments == {"created", "action_required", "authorized", "captured", "expired", "voided"}
    assert holds == {"active", "consumed", "released", "expired"}
    assert deliveries == {"unfulfilled", "partial", "shipped", "received"}
    assert refunds == {"late_payment:succeeded", "duplicate_payment:approved", "after_sales:succeeded"}
    assert await owner.fetchval("SELECT count(*) FROM balances") > 0


async def test_an_empty_database_is_sound(new_database: Any, lived_in: LivedIn) -> None:
    db = await Database(await new_database(), pool_size=4).open()
    try:
        report = await verify(db, now=lived_in.now, key_ids=[])
    finally:
        await db.close()
    assert report.sound
    assert [each.code for each in report.results if each.skipped] == ["D6"]


async def test_codes_are_unique_and_every_check_says_what_it_proves() -> None:
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    assert all(len(check.title) > 20 for check in CHECKS)


async def test_what_commits_meanwhile_is_seen_by_no_lane(lived_in: LivedIn, owner: Any) -> None:
    count = Sql("SELECT count(*) FROM locations")
    fresh = new_id()
    try:
        async with shared_snapshot(lived_in.db, lanes=3) as lanes:
            before = [await lane.value(count) for lane in lanes]
            await owner.execute(
                "INSERT INTO locations (id, code, name) VALUES ($1, 'x', '{\"en\": \"X\"}')", fresh
            )
            assert [await lane.value(count) for lane in lanes] == before == [2, 2, 2]
    finally:
        await owner.execute("DELETE FROM locations WHERE id = $1", fresh)


async def test_without_the_ring_its_check_is_skipped_and_said_to_be(lived_in: LivedIn) -> None:
    report = await verify(lived_in.db, now=lived_in.now)
    skipped = {each.code: each.skipped for each in report.results if each.skipped}
    assert skipped == {"D2": "the key ring was not given", "D6": "the folder of pictures was not given"}
    assert report.sound


async def test_a_key_that_left_the_ring_is_found(lived_in: LivedIn) -> None:
    report = await verify(lived_in.db, now=lived_in.now, key_ids=["k1"])
    result = next(each for each in report.results if each.code == "D2")
    assert result.breaks == result.examined > 0
    assert len(result.named) == min(result.breaks, NAMED)
    assert not report.sound


async def test_lateness_is_judged_by_the_moment_given(lived_in: LivedIn) -> None:
    report = await verify(lived_in.db, now=lived_in.now + timedelta(days=3))
    assert {each.code for each in report.results if each.breaks} == {"O6", "O8"}


async def test_the_command_prints_json_and_succeeds(
    lived_in: LivedIn, worker_dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        await run_verify(worker_dsn, as_json=True, key_ids=RING, media_dir=lived_in.media, now=lived_in.now)
        == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert document["sound"] is True
    assert [each["code"] for each in document["results"]] == [*(check.code for check in CHECKS), "D6"]


async def test_the_command_names_the_broken_row_and_fails(
    lived_in: LivedIn, worker_dsn: str, owner: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = await owner.fetchval("SELECT id FROM allotments ORDER BY id LIMIT 1")
    change = "UPDATE allotments SET received = received + $2 WHERE id = $1"
    await owner.execute(change, broken, 1)
    try:
        assert await run_verify(worker_dsn, as_json=False, now=lived_in.now) == 1
    finally:
        await owner.execute(change, broken, -1)
    printed = capsys.readouterr().out
    assert f"allotment {broken}: received, held, sold are" in printed
    assert "1 broken. 2 skipped." in printed


def _shown(report: Report) -> str:
    out = io.StringIO()
    show(report, console=Console(file=out, width=200))
    return out.getvalue()


def test_a_damaged_row_cannot_command_the_terminal(lived_in: LivedIn) -> None:
    result = CheckResult(
        code="S1", area="stock", title="A title", examined=30, breaks=25, seconds=0.1,
        named=[Break("row [red]1[/]", "\x1b[2Jgone\n"), *(Break(f"row {index}", "-") for index in range(19))],
    )  # fmt: skip
    printed = _shown(Report(taken_at=lived_in.now, seconds=0.1, results=[result]))
    assert "\x1b" not in printed
    assert "row [red]1[/]: \ufffd[2Jgone\ufffd" in printed
    assert "and 5 more" in printed


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("remove", "is not there"),
        ("shorten", "bytes instead of"),
        ("alter", "its content is not what its name says"),
    ],
)
async def test_a_damaged_picture_file_is_found(lived_in: LivedIn, damage: str, says: str) -> None:
    file = min(path for path in lived_in.media.rglob("*.webp"))
    content = file.read_bytes()
    try:
        _damage(file, damage, content)
        report = await verify(lived_in.db, now=lived_in.now, media_dir=lived_in.media, full=True)
    finally:
        file.write_bytes(content)
    (result,) = [each for each in report.results if each.breaks]
    assert (result.code, result.breaks, result.examined) == ("D6", 1, 4)
    assert result.named[0].key.endswith(file.relative_to(lived_in.media).as_posix())
    assert says in result.named[0].detail


def _damage(file: Path, damage: str, content: bytes) -> None:
    if damage == "remove":
        file.unlink()
    elif damage == "shorten":
        file.write_bytes(content[:-1])
    else:
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:])


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ('[{"path": "../secret", "bytes": 1}]', "its path leaves the folder of pictures"),
        ('[{"path": "/etc/passwd", "bytes": 1}]', "its path leaves the folder of pictures"),
        ('[{"path": "aa/bb/cc.webp"}]', "its path or size is not recorded"),
        ("[7]", "its path or size is not recorded"),
    ],
)
async def test_a_picture_with_a_strange_record_is_found(
    lived_in: LivedIn, owner: Any, files: str, says: str
) -> None:
    picture = await owner.fetchval(
        """INSERT INTO media (id, sha256, width, height, colour, files, created_at)
           VALUES (gen_random_uuid(), sha256('odd'), 1, 1, '#000000', $1, now()) RETURNING id""",
        files,
    )
    try:
        report = await verify(lived_in.db, now=lived_in.now, media_dir=lived_in.media)
    finally:
        await owner.execute("DELETE FROM media WHERE id = $1", picture)
    (result,) = [each for each in report.results if each.breaks]
    assert [each.detail for each in result.named] == [says]
