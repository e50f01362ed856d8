"""What clients send about address books."""

from merx.api.core.requests import AddressIn, Input


class SaveAddress(Input, frozen=True, kw_only=True):
    """An address for the address book; the first one becomes the default."""

    address: AddressIn
    is_default: bool = False
