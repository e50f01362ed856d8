"""Pages from templates: one strict, autoescaping Jinja environment per locale, with CLDR formats and built assets.

Nothing here knows a shop. An edge gives the folder of its templates and the manifest of its asset build, and renders
by name with typed view structs.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import msgspec
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_currency_name, get_currency_precision
from babel.support import Translations

from merx.kit.money import Money

DOMAIN = "merx"
TRANSLATIONS = Path(__file__).parent.parent / "translations"


class AssetsNotBuilt(RuntimeError):
    """The manifest of the asset build is missing, or does not name a file that a page needs."""


class _Entry(msgspec.Struct, frozen=True):
    file: str
    css: tuple[str, ...] = ()


class Assets:
    """Addresses of built files by the name of their source, e.g. `src/storefront.js`."""

    def __init__(self, entries: Mapping[str, _Entry], *, base: str) -> None:
        self._entries = entries
        self._base = base

    @classmethod
    def load(cls, manifest: Path, *, base: str = "/static/") -> "Assets":
        """Read a Vite manifest. Raises AssetsNotBuilt, saying what to run, when there is none."""
        try:
            raw = manifest.read_bytes()
        except FileNotFoundError:
            raise AssetsNotBuilt(
                f"{manifest} is missing: run `make assets` to build the pages' styles"
            ) from None
        return cls(msgspec.json.decode(raw, type=dict[str, _Entry]), base=base)

    def url(self, source: str) -> str:
        """The address of the built form of one source file."""
        return self._base + self._entry(source).file

    def styles(self, source: str) -> tuple[str, ...]:
        """The addresses of the style sheets that a script's source imports."""
        return tuple(self._base + name for name in self._entry(source).css)

    def _entry(self, source: str) -> _Entry:
        try:
            return self._entries[source]
        except KeyError:
            raise AssetsNotBuilt(f"the asset manifest does not name {source}: run `make assets`") from None


@lru_cache(maxsize=32)
def babel_locale(locale: str) -> Locale:
    """The CLDR locale of one of our locale tags, e.g. `zh-CN`."""
    return Locale.parse(locale, sep="-")


def load_translations(locale: str, *, folder: Path = TRANSLATIONS) -> Translations:
    """Read `<folder>/<locale>/LC_MESSAGES/merx.po`; the .po is the only form kept, so none can be out of date."""
    name = locale.replace("-", "_")
    with (folder / name / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        catalogue = read_po(file, locale=name, domain=DOMAIN)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)


@lru_cache(maxsize=1 << 16)
def _money_text(amount: int, currency: str, locale: str) -> str:
    units = Decimal(amount).scaleb(-get_currency_precision(currency))
    return format_currency(units, currency, locale=babel_locale(locale))


def money_text(money: Money, *, locale: str) -> str:
    """An amount as people of the locale write it, e.g. `¥9,499.00` or `CN¥9,499.00`."""
    return _money_text(money.amount, money.currency, locale)


class Templates:
    """The environments of one edge, by locale. Building compiles nothing; a template compiles when first used."""

    def __init__(
        self,
        *,
        folder: Path,
        assets: Assets,
        locales: Sequence[str],
        zone: ZoneInfo,
        names: Mapping[str, Any] | None = None,
    ) -> None:
        """`names` are further globals of every template; `zone` is the time zone that dates are shown in."""
        self._environments = {
            locale: _environment(
                folder=folder,
                assets=assets,
                locale=locale,
                zone=zone,
                names=names or {},
                texts=load_translations(locale),
            )
            for locale in locales
        }

    def render(self, template: str, *, locale: str, **context: object) -> str:
        """The page as text. An undefined name in the template is an error, never an empty string."""
        return self._environments[locale].get_template(template).render(**context)


def _environment(
    *,
    folder: Path,
    assets: Assets,
    locale: str,
    zone: ZoneInfo,
    names: Mapping[str, Any],
    texts: Translations,
) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    environment.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(_filters(locale=locale, zone=zone))
    environment.globals.update(
        asset=assets.url, asset_styles=assets.styles, page_locale=locale, locale_name=_own_name, **names
    )
    return environment


def _filters(*, locale: str, zone: ZoneInfo) -> dict[str, Callable[..., str]]:
    cldr = babel_locale(locale)
    return {
        "money": lambda money: money_text(money, locale=locale),
        "number": lambda number: format_decimal(number, locale=cldr),
        "currency_name": lambda code: _currency_name(code, locale),
        "date": lambda at: format_date(_in_zone(at, zone), format="medium", locale=cldr),
        "calendar_day": lambda day: format_date(day, format="medium", locale=cldr),
        "day": lambda at: format_date(_in_zone(at, zone), format="long", locale=cldr),
        "moment": lambda at: format_datetime(_in_zone(at, zone), format="medium", locale=cldr),
    }


def _in_zone(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


@lru_cache(maxsize=1024)
def _currency_name(code: str, locale: str) -> str:
    return get_currency_name(code, locale=babel_locale(locale))


@lru_cache(maxsize=32)
def _own_name(locale: str) -> str:
    """A language's name in that language, e.g. `中文`."""
    name = babel_locale(locale).get_language_name(babel_locale(locale))
    return name or locale
