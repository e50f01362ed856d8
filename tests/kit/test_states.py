import pytest

from merx.kit.states import StateTable

DOOR = StateTable(
    "door", initial=["open"], moves={"open": ["shut"], "shut": ["open", "locked"], "locked": []}
)


def test_sources_are_the_states_one_step_before() -> None:
    assert DOOR.sources("open") == ["shut"]
    assert DOOR.sources("locked") == ["shut"]


def test_moves_are_those_of_the_table_only() -> None:
    assert DOOR.allows("open", "shut")
    assert not DOOR.allows("open", "locked")
    assert not DOOR.allows("locked", "open")
    assert DOOR.states == {"open", "shut", "locked"}
    assert DOOR.final == {"locked"}


def test_asking_for_an_unknown_state_is_an_error() -> None:
    with pytest.raises(KeyError):
        DOOR.sources("ajar")
    with pytest.raises(KeyError):
        DOOR.allows("ajar", "open")


@pytest.mark.parametrize(
    ("initial", "moves", "message"),
    [
        (["open"], {"open": ["ajar"]}, "door: open may not move to ajar"),
        (["open"], {"open": ["open"]}, "door: open may not move to open"),
        (["open"], {"open": [], "shut": ["open"]}, "door: cannot be reached: shut"),
        (["ajar"], {"open": []}, "door: cannot be reached: ajar"),
        ([], {"open": []}, "door: cannot be reached: open"),
    ],
)
def test_a_wrong_table_is_refused(initial: list[str], moves: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        StateTable("door", initial=initial, moves=moves)
