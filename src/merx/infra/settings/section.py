"""How an owner declares its settings: one frozen struct, each field with its words, its parser and its default."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec

from merx.infra.settings.parsers import parse_port

if TYPE_CHECKING:
    from merx.infra.settings.load import Settings

PREFIX = "MERX_"

Values = Mapping[str, Any]
"""Values of settings by their names; None for what was not given and has no default."""


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable, what was given and what to write."""


class Setting(msgspec.Struct, frozen=True):
    """What stands beside a field of a section: `port: Annotated[int, Setting("Port of the shop.", parse_port, "8000")]`.

    `otherwise` says what holds when nothing is given and there is no default. A secret is never shown.
    """

    help: str
    parse: Callable[[str], object]
    default: str | None = None
    otherwise: str = ""
    secret: bool = False
    of_simulator: bool = False


def simulator_port(help: str, default: str) -> Setting:  # noqa: A002 - the word of Setting
    """The port of a simulated peer: the family that talks to the peer knows where it stands."""
    return Setting(help, parse_port, default, of_simulator=True)


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one owner. A field's name is its variable: `mail_from` is MERX_MAIL_FROM."""

    @classmethod
    def simulated(cls, _given: Values, _keys: Path) -> Values:
        """What stands for values that were not given when the simulators are used; `keys` is their folder."""
        return {}

    @classmethod
    def derived(cls, _given: Values, _earlier: "Settings") -> Values:
        """What values are that were not given, where they follow from others. Raises SettingsError."""
        return {}

    def contradiction(self) -> str | None:
        """What is wrong with values that are each right; None when nothing is."""
        return None

    def __repr__(self) -> str:
        """Without values: settings end up in logs and tracebacks."""
        return f"{type(self).__name__}(…)"


def declared(section: type[Section]) -> dict[str, Setting]:
    """The settings of a section by name, in its order."""
    found = {}
    for name, hint in get_type_hints(section, include_extras=True).items():
        (found[name],) = [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Setting)]
    return found


def variable(name: str) -> str:
    """The environment variable of a setting, for example MERX_PORT."""
    return PREFIX + name.upper()


def incomplete(section: Section, who: str, *names: str) -> str | None:
    """The contradiction when some but not all of these settings were given; `who` as in "Mail needs"."""
    missing = [variable(name) for name in names if getattr(section, name) is None]
    if not missing or len(missing) == len(names):
        return None
    together = ", ".join(map(variable, names))
    return f"{missing[0]}: nothing was given. {who} {together} together, or none of them."
