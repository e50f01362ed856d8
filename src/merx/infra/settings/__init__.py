"""Settings: read from MERX_* variables or a KEY=VALUE file, validated at start, explained on error.

Each owner declares its own as a `Section`, and `merx.configuration` gathers them; nothing here knows who they are. An
environment variable wins over the file, the file wins over the default.
"""

from merx.infra.settings.keys import KeySettings
from merx.infra.settings.load import OWN, ExplainedSetting, Settings, explain, load, settings_of
from merx.infra.settings.own import ShopSettings, SystemSettings, WebSettings
from merx.infra.settings.parsers import (
    MasterKey,
    parse_boolean,
    parse_choice,
    parse_countries,
    parse_currencies,
    parse_integer,
    parse_path,
    parse_port,
    parse_text,
    parse_texts,
    parse_url,
)
from merx.infra.settings.section import Section, Setting, SettingsError, Values, incomplete, simulator_port
from merx.infra.settings.sources import CONFIG_FILE

__all__ = [
    "CONFIG_FILE",
    "OWN",
    "ExplainedSetting",
    "KeySettings",
    "MasterKey",
    "Section",
    "Setting",
    "Settings",
    "SettingsError",
    "ShopSettings",
    "SystemSettings",
    "Values",
    "WebSettings",
    "explain",
    "incomplete",
    "load",
    "parse_boolean",
    "parse_choice",
    "parse_countries",
    "parse_currencies",
    "parse_integer",
    "parse_path",
    "parse_port",
    "parse_text",
    "parse_texts",
    "parse_url",
    "settings_of",
    "simulator_port",
]
