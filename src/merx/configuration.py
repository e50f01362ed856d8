"""The settings of the whole program: which owners have some, gathered into one."""

import os
from collections.abc import Mapping
from typing import Final

from merx.catalog import MediaSettings
from merx.checkout import CheckoutSettings
from merx.fulfilment import FulfilmentSettings
from merx.infra.settings import ExplainedSetting, Section, Settings, explain, load
from merx.notifications import MailSettings
from merx.payments.providers import provider_settings
from merx.reconciliation import ReconciliationSettings
from merx.returns import ReturnsSettings

SECTIONS: Final[tuple[type[Section], ...]] = (
    MediaSettings,
    CheckoutSettings,
    FulfilmentSettings,
    ReturnsSettings,
    ReconciliationSettings,
    *provider_settings(),
    MailSettings,
)
"""What the packages are set by, beside what infra itself is."""


def load_settings(
    env: Mapping[str, str] | None = None, *, defaults: Mapping[str, str] | None = None
) -> Settings:
    """Every setting from `env` (default: the process environment) and the settings file; see `infra.settings.load`.

    Raises SettingsError.
    """
    return load(SECTIONS, os.environ if env is None else env, defaults=defaults)


def explain_settings(env: Mapping[str, str] | None = None) -> list[ExplainedSetting]:
    """Every setting with its value (secrets masked), source and help. Raises SettingsError on a wrong value."""
    return explain(SECTIONS, os.environ if env is None else env)
