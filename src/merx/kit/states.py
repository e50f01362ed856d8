"""State tables: which moves a thing may make, declared as data and checked when the module is loaded.

A move is carried out by a compare-and-set in SQL (`WHERE state = ANY(sources)`); the table is where `sources`
comes from.
"""

from collections.abc import Mapping, Sequence


class StateTable:
    """The states of one kind of thing and the moves between them.

    Raises ValueError on a move to an unknown state, on a move of a state to itself, on a state that cannot be
    reached from `initial`, and when `initial` is unknown.
    """

    __slots__ = ("_moves", "initial", "name")

    def __init__(self, name: str, *, initial: Sequence[str], moves: Mapping[str, Sequence[str]]) -> None:
        self.name = name
        self.initial = tuple(initial)
        self._moves = {state: tuple(targets) for state, targets in moves.items()}
        self._check()

    def _check(self) -> None:
        for state, targets in self._moves.items():
            wrong = [target for target in targets if target not in self._moves or target == state]
            if wrong:
                msg = f"{self.name}: {state} may not move to {', '.join(wrong)}"
                raise ValueError(msg)
        unknown = [state for state in self.initial if state not in self._moves]
        lost = unknown or sorted(self.states - self._reachable())
        if lost or not self.initial:
            msg = f"{self.name}: cannot be reached: {', '.join(lost) or 'nothing is initial'}"
            raise ValueError(msg)

    def _reachable(self) -> frozenset[str]:
        seen: set[str] = set()
        waiting = list(self.initial)
        while waiting:
            state = waiting.pop()
            if state not in seen:
                seen.add(state)
                waiting.extend(self._moves[state])
        return frozenset(seen)

    @property
    def states(self) -> frozenset[str]:
        """Every state."""
        return frozenset(self._moves)

    @property
    def final(self) -> frozenset[str]:
        """The states nothing leaves."""
        return frozenset(state for state, targets in self._moves.items() if not targets)

    def sources(self, to: str) -> list[str]:
        """The states from which `to` is reached in one move, for `WHERE state = ANY(...)`.

        KeyError on an unknown state.
        """
        self._moves[to]
        return [state for state, targets in self._moves.items() if to in targets]

    def allows(self, source: str, to: str) -> bool:
        """Whether `source` may move to `to` in one step. KeyError on an unknown source."""
        return to in self._moves[source]
