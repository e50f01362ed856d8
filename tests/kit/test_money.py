"""How money is written for others."""

import msgspec
import pytest

from merx.kit.money import Money


@pytest.mark.parametrize(("currency", "digits"), [("CNY", 2), ("JPY", 0), ("KWD", 3)])
def test_the_json_of_money_says_where_the_point_stands(currency: str, digits: int) -> None:
    written = msgspec.json.encode(Money(1234, currency))
    assert msgspec.json.decode(written) == {"amount": 1234, "currency": currency, "exponent": digits}
    assert msgspec.json.decode(written, type=Money) == Money(1234, currency, 7) == Money(1234, currency)
