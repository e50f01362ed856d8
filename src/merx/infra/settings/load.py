"""From the sections of all owners to validated settings: read, parsed, completed, held against one another."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from merx.infra.settings.keys import KeySettings
from merx.infra.settings.own import ShopSettings, SystemSettings, WebSettings
from merx.infra.settings.section import Section, Setting, SettingsError, declared, variable
from merx.infra.settings.sources import read_given

OWN: tuple[type[Section], ...] = (SystemSettings, WebSettings, KeySettings, ShopSettings)
"""The sections that every process has; those of the packages come after them."""

_MASK = "********"

S = TypeVar("S", bound=Section)


class Settings:
    """All settings, validated: one frozen section for each owner. `load` builds it."""

    def __init__(self) -> None:
        """No section yet; `load` adds them one after the other."""
        self._sections: dict[type[Section], Section] = {}

    def of(self, section: type[S]) -> S:
        """The settings of one owner."""
        found = self._sections[section]
        assert isinstance(found, section)
        return found

    @property
    def system(self) -> SystemSettings:
        """Folder, database and log."""
        return self.of(SystemSettings)

    @property
    def web(self) -> WebSettings:
        """Addresses and the web server."""
        return self.of(WebSettings)

    @property
    def keys(self) -> KeySettings:
        """The keys of personal data."""
        return self.of(KeySettings)

    @property
    def shop(self) -> ShopSettings:
        """Languages and currencies."""
        return self.of(ShopSettings)

    def simulator_ports(self) -> dict[str, int]:
        """The ports of the simulated peers by variable; none when they are not used."""
        return {
            variable(name): getattr(section, name)
            for section in self._sections.values()
            for name, setting in declared(type(section)).items()
            if setting.of_simulator and self.system.simulators
        }

    def add(self, section: Section) -> None:
        """Add the settings of one more owner. Raises SettingsError when they contradict one another."""
        contradiction = section.contradiction()
        if contradiction is not None:
            raise SettingsError(contradiction)
        self._sections[type(section)] = section

    def __repr__(self) -> str:
        """Short and without secrets: settings end up in logs and tracebacks."""
        return f"Settings(home={str(self.system.home)!r})"


class ExplainedSetting(msgspec.Struct, frozen=True):
    """One line of `merx config`: the variable, its value as may be shown, where it came from, what it is for."""

    variable: str
    value: str
    source: str
    help: str


def load(
    sections: Sequence[type[Section]],
    env: Mapping[str, str],
    *,
    defaults: Mapping[str, str] | None = None,
) -> Settings:
    """Read, validate and complete the settings of infra and of these sections, from `env` and the settings file.

    A section may complete itself from those before it. `defaults` replaces declared defaults, by name. In the embedded
    mode missing secrets are made and kept in MERX_HOME/secrets (0600). Raises SettingsError.
    """
    everything = (*OWN, *sections)
    given, _ = read_given(env, known=settings_of(everything))
    given = {variable(name): text for name, text in (defaults or {}).items()} | given
    parsed = [
        {name: _parse(variable(name), setting, given) for name, setting in declared(section).items()}
        for section in everything
    ]
    settings = Settings()
    for section, values in zip(everything, parsed, strict=True):
        settings.add(_completed(section, values, settings))
    _refuse_shared_ports(settings)
    return settings


def explain(sections: Sequence[type[Section]], env: Mapping[str, str]) -> list[ExplainedSetting]:
    """Every setting with its value (secrets masked), source and help. Raises SettingsError on a wrong value."""
    known = settings_of((*OWN, *sections))
    given, sources = read_given(env, known=known)
    lines = []
    for name, setting in known.items():
        _parse(name, setting, given)
        text = given.get(name)
        if text is None:
            shown = setting.default if setting.default is not None else f"({setting.otherwise})"
        else:
            shown = _MASK if setting.secret else text
        lines.append(ExplainedSetting(name, shown, sources.get(name, "default"), setting.help))
    return lines


def settings_of(sections: Sequence[type[Section]]) -> dict[str, Setting]:
    """The settings of sections by variable. Two of one name are a fault of the program."""
    found: dict[str, Setting] = {}
    for section in sections:
        for name, setting in declared(section).items():
            assert variable(name) not in found, f"{variable(name)} is declared twice"
            found[variable(name)] = setting
    return found


def _parse(name: str, setting: Setting, given: Mapping[str, str]) -> object:
    text = given.get(name, setting.default)
    if text is None or (text == "" and setting.default is None):
        return None
    try:
        return setting.parse(text)
    except ValueError as error:
        shown = _MASK if setting.secret else repr(text)
        msg = f"{name}: {shown} was given. Write {error}."
        raise SettingsError(msg) from None


def _completed(section: type[S], values: dict[str, object], earlier: Settings) -> S:
    """The section with what was not given filled in: by the simulators when they are used, then by what follows."""
    if section is not SystemSettings and earlier.system.simulators:
        simulated = section.simulated(values, earlier.system.home / "simulators" / "keys")
        values |= {name: value for name, value in simulated.items() if values[name] is None}
    derived = section.derived(values, earlier)
    values |= {name: value for name, value in derived.items() if values[name] is None}
    return msgspec.convert(values, section)


def _refuse_shared_ports(settings: Settings) -> None:
    seen: dict[int, str] = {}
    for name, port in {"MERX_PORT": settings.web.port, **settings.simulator_ports()}.items():
        if port in seen:
            msg = f"{name}: {port} was given, and so it was for {seen[port]}. Write a port of its own."
            raise SettingsError(msg)
        seen[port] = name
