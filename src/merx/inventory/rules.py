"""Deciding who gets what, in memory, over locked rows."""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from merx.inventory.model import Shortage


class StockSheet:
    """The free units of locked allotments. Takers are served in the order they come; each gets all or nothing."""

    def __init__(self) -> None:
        self._free: dict[UUID, int] = {}
        self._places: dict[UUID, list[UUID]] = {}

    def add(self, *, allotment_id: UUID, variant_id: UUID, free: int) -> None:
        """Enter an allotment; a variant's allotments are entered in the order they should be tried."""
        self._free[allotment_id] = free
        self._places.setdefault(variant_id, []).append(allotment_id)

    def give_back(self, *, allotment_id: UUID, quantity: int) -> None:
        """Return units, as when an expired hold is lifted."""
        self._free[allotment_id] += quantity

    def available(self, variant_id: UUID) -> int:
        """Free units of a variant over all its places."""
        return sum(self._free[place] for place in self._places.get(variant_id, ()))

    def allotments(self, variant_ids: Iterable[UUID]) -> list[UUID]:
        """The allotments entered for these variants."""
        return [place for variant_id in variant_ids for place in self._places.get(variant_id, ())]

    def short(self, demand: Counter[UUID]) -> list[UUID]:
        """The variants of which the whole demand exceeds what is free."""
        return [variant_id for variant_id, wanted in demand.items() if wanted > self.available(variant_id)]

    def shortages(self, lines: Sequence[tuple[UUID, int]]) -> list[Shortage]:
        """What keeps one taker from being served. Lines of the same variant are summed before they are compared."""
        demand: Counter[UUID] = Counter()
        for variant_id, quantity in lines:
            demand[variant_id] += quantity
        return [
            Shortage(variant_id, wanted, self.available(variant_id))
            for variant_id, wanted in demand.items()
            if wanted > self.available(variant_id)
        ]

    def take(self, lines: Sequence[tuple[UUID, int]]) -> list[list[tuple[UUID, int]]]:
        """Serve one taker that has no shortages: for each line its (allotment, quantity) parts."""
        return [self._parts(variant_id, quantity) for variant_id, quantity in lines]

    def _parts(self, variant_id: UUID, quantity: int) -> list[tuple[UUID, int]]:
        """One place that can serve the whole line, else as few places as their order gives."""
        places = self._places[variant_id]
        for place in places:
            if self._free[place] >= quantity:
                self._free[place] -= quantity
                return [(place, quantity)]
        parts = []
        for place in sorted(places, key=lambda each: -self._free[each]):
            part = min(self._free[place], quantity)
            if part:
                self._free[place] -= part
                quantity -= part
                parts.append((place, part))
        assert quantity == 0, "take only what is not short"
        return parts
