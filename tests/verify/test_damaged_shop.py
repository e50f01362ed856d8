"""Every check finds what it is for, names it, and no other check does."""

from typing import Any

import pytest
from tests.verify.conftest import LivedIn
from tests.verify.damage import DAMAGES, Damage

from merx.infra.db import ReadTx
from merx.verify import CHECKS
from merx.verify.run import facts_for, run_check


def test_every_check_has_a_damage_that_it_finds() -> None:
    assert {damage.code for damage in DAMAGES} == {check.code for check in CHECKS}


@pytest.mark.parametrize("damage", DAMAGES, ids=[f"{each.code}: {each.what}" for each in DAMAGES])
async def test_damage_is_found_and_named(lived_in: LivedIn, owner: Any, damage: Damage) -> None:
    facts = facts_for(lived_in.now, key_ids=["k1", "k2"])
    transaction = owner.transaction()
    await transaction.start()
    try:
        for statement in damage.before:
            await owner.execute(statement)
        expected = sorted(row[0] for row in await owner.fetch(damage.sql))
        tx = ReadTx(lived_in.db, owner)
        found = {check.code: await run_check(tx, check, facts) for check in CHECKS}
    finally:
        await transaction.rollback()
    assert expected
    assert {code for code, (breaks, _, _) in found.items() if breaks} == {damage.code} | damage.also
    breaks, named, _ = found[damage.code]
    assert sorted(each.key for each in named) == expected
    assert breaks == len(expected)
    assert all(each.detail for each in named)
