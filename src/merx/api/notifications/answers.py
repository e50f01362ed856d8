"""What is answered besides what the queries show."""

import msgspec


class ReadCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many notifications were unread until now."""

    read: int
