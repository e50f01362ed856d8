"""The nouns of a benchmark run: how much work it does, and the lines it reports."""

from typing import Final

import msgspec


class BenchError(Exception):
    """The run cannot be trusted or cannot go on; the message says why and what to do."""


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much a run does. Every figure is the median of `repeats` measurements."""

    repeats: int = 3
    variants: int = 10_000
    stock: int = 1_000_000
    floor_orders: int = 12_800
    engine_orders: int = 25_600
    engine_clients: int = 256
    http_orders: int = 12_800
    hot_buyers: int = 8_000
    connections: int = 128
    notices: int = 6_400
    notice_connections: int = 64
    shoppers: int = 32
    journey_seconds: int = 5
    page_seconds: int = 4
    page_connections: int = 64
    products_asked: int = 1_000
    stored_orders: int = 1_000_000
    slow_buyers: int = 64
    slow_seconds: float = 10.0


FULL: Final = Sizes()


class Requirement(msgspec.Struct, frozen=True):
    """What a line must reach: a share of its floor, or a limit on the figure itself."""

    least_ratio: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        if self.least_ratio is not None:
            return f"≥ {self.least_ratio:g} ×"
        return f"≤ {self.most:g}" if self.most is not None else "–"


class Line(msgspec.Struct, frozen=True):
    """One line of the table. `floor` is what the same machine did in the same run by the simplest means."""

    name: str
    figure: float
    unit: str
    floor: float | None
    required: Requirement
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Figure by floor; None without a floor."""
        return self.figure / self.floor if self.floor else None

    @property
    def ok(self) -> bool:
        """Whether the requirement is met."""
        if self.required.least_ratio is not None and (
            self.ratio is None or self.ratio < self.required.least_ratio
        ):
            return False
        return self.required.most is None or self.figure <= self.required.most


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured, as far as it bears on the figures."""

    cores: int
    flush_ms: float
    postgres: str
    durability: dict[str, str]
