"""Sealed values open for their person and field under a key of the ring, and for nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.infra.crypto import MasterKeys, PersonCipher, UnreadableSeal, token_hash
from merx.kit.ids import new_id

PERSON = new_id()
RING = MasterKeys({"k2": b"2" * 32, "k1": b"1" * 32}, index_key=b"i" * 32)
WRAPPED, KEY_ID = RING.new_data_key(PERSON)


def cipher() -> PersonCipher:
    return RING.cipher(PERSON, wrapped_key=WRAPPED, master_key_id=KEY_ID)


@given(st.binary(max_size=200), st.sampled_from(["address", "email", "name"]))
def test_what_is_sealed_opens_and_shows_nothing_of_itself(plain: bytes, field: str) -> None:
    sealed = cipher().seal(field, plain)
    assert cipher().open(field, sealed) == plain
    assert len(sealed) == 12 + len(plain) + 16
    assert len(plain) < 8 or plain not in sealed
    assert cipher().seal(field, plain) != sealed, "a nonce is used once"


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_changed_bit_is_noticed(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(cipher().seal("address", plain))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(UnreadableSeal):
        cipher().open("address", bytes(sealed))


@given(st.binary(max_size=60), st.integers(0, 60))
def test_a_value_cut_short_is_noticed(plain: bytes, length: int) -> None:
    sealed = cipher().seal("address", plain)
    if length < len(sealed):
        with pytest.raises(UnreadableSeal):
            cipher().open("address", sealed[:length])


def test_a_value_cannot_be_moved_to_another_field_or_person() -> None:
    sealed = cipher().seal("address", b"x")
    with pytest.raises(UnreadableSeal):
        cipher().open("email", sealed)
    other = new_id()
    wrapped, key_id = RING.new_data_key(other)
    with pytest.raises(UnreadableSeal):
        RING.cipher(other, wrapped_key=wrapped, master_key_id=key_id).open("address", sealed)


def test_a_wrapped_key_opens_for_its_own_person_only() -> None:
    ring = MasterKeys({"k2": b"2" * 32}, index_key=b"i" * 32)
    with pytest.raises(UnreadableSeal):
        ring.cipher(new_id(), wrapped_key=WRAPPED, master_key_id=KEY_ID)


def test_the_first_key_of_the_ring_wraps_and_every_one_unwraps() -> None:
    old = MasterKeys({"k1": b"1" * 32}, index_key=b"i" * 32)
    wrapped, key_id = old.new_data_key(PERSON)
    sealed = old.cipher(PERSON, wrapped_key=wrapped, master_key_id=key_id).seal("name", b"x")
    assert (key_id, KEY_ID) == ("k1", "k2")
    assert RING.cipher(PERSON, wrapped_key=wrapped, master_key_id=key_id).open("name", sealed) == b"x"
    assert RING.key_ids == frozenset({"k1", "k2"})


@pytest.mark.parametrize("ring", [{"k1": b"1" * 32}, {"k2": b"3" * 32}])
def test_without_the_master_key_nothing_opens(ring: dict[str, bytes]) -> None:
    with pytest.raises(UnreadableSeal):
        MasterKeys(ring, index_key=b"i" * 32).cipher(PERSON, wrapped_key=WRAPPED, master_key_id="k2")


@given(st.text(max_size=40))
def test_a_blind_index_is_the_same_for_texts_that_mean_the_same(text: str) -> None:
    index = RING.blind_index(text)
    assert index == RING.blind_index(f"  {text}\n")
    assert len(index) == 32
    assert index != MasterKeys({"k": b"2" * 32}, index_key=b"j" * 32).blind_index(text)


def test_a_blind_index_sees_through_case_and_width() -> None:
    assert RING.blind_index("Buyer@Example.com") == RING.blind_index("ｂｕｙｅｒ@example.COM")
    assert RING.blind_index("a@example.com") != RING.blind_index("b@example.com")


def test_of_a_token_only_its_hash_is_kept() -> None:
    assert token_hash("secret").hex() == "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
