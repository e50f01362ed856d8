"""What a product must look like before it is written. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from merx.catalog.model import CategoryDraft, Facet, Option, ProductDraft, RefusalReason, Text, VariantDraft
from merx.kit import i18n

LOCALES: Final = frozenset(i18n.LOCALES)
MAX_TITLE: Final = 200
MAX_DESCRIPTION: Final = 20_000
MAX_LABEL: Final = 120
MAX_CODE: Final = 64
MAX_VARIANTS: Final = 2_000
MAX_OPTIONS: Final = 8
MAX_OPTION_VALUES: Final = 500
MAX_FACETS: Final = 100
MAX_PICTURES: Final = 30
MAX_PRICE: Final = 1_000_000_000_000
MAX_TAX_RATE_BP: Final = 10_000
MAX_POSITION: Final = 1_000_000
_DETAIL: Final = 80

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,126}")
_CATEGORY_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_CURRENCY = re.compile(r"[A-Z]{3}")
# Control characters, direction overrides and lone surrogates: invisible, and they can disguise a text.
_HIDDEN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_HIDDEN_BLOCK = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

Problem = tuple[RefusalReason, str]


def check_draft(draft: ProductDraft) -> Problem | None:
    """The first reason why a draft cannot be written, with the offending value, or None."""
    if not _SLUG.fullmatch(draft.slug):
        return "bad_slug", draft.slug[:_DETAIL]
    return (
        check_texts(draft.title, draft.description)
        or _check_options(draft.options)
        or _check_facets(draft.facets)
        or _check_pictures(draft.pictures or ())
        or _check_variants(draft)
    )


def check_texts(title: Text | None, description: Text | None) -> Problem | None:
    """Check a product's title (None: not given) and description."""
    if title is not None and not is_text(title, MAX_TITLE):
        return "bad_text", f"title: {title}"[:_DETAIL]
    if description and not is_text(description, MAX_DESCRIPTION, block=True):
        return "bad_text", f"description: {description}"[:_DETAIL]
    return None


def is_text(text: Text, limit: int, *, block: bool = False) -> bool:
    """Whether a text has known locales only and words of 1 to `limit` characters without hidden ones.

    A `block` may have line breaks.
    """
    hidden = _HIDDEN_BLOCK if block else _HIDDEN_LINE
    return bool(text) and all(
        locale in LOCALES and words.strip() and len(words) <= limit and not hidden.search(words)
        for locale, words in text.items()
    )


def is_code(code: str, limit: int = MAX_CODE) -> bool:
    """Whether a text can be a SKU or a code: 1 to 64 visible characters, no outer blanks."""
    return 0 < len(code) <= limit and code == code.strip() and not _HIDDEN_LINE.search(code)


def check_prices(prices: Mapping[str, int | None]) -> Problem | None:
    """Check amounts in minor units by currency; None stands for a price that is withdrawn."""
    for currency, amount in prices.items():
        if not _CURRENCY.fullmatch(currency) or (amount is not None and not 1 <= amount <= MAX_PRICE):
            return "bad_price", f"{currency[:8]} {amount}"[:_DETAIL]
    return None


def _check_options(options: list[Option]) -> Problem | None:
    codes = [option.code for option in options]
    if len(codes) > MAX_OPTIONS or len(set(codes)) < len(codes):
        return "bad_options", ", ".join(codes)[:_DETAIL]
    for option in options:
        values = [value.code for value in option.values]
        if not 0 < len(values) <= MAX_OPTION_VALUES or len(set(values)) < len(values):
            return "bad_options", f"{option.code}: {', '.join(values)}"[:_DETAIL]
        if not all(is_code(code) for code in (option.code, *values)):
            return "bad_options", option.code[:_DETAIL]
        if not all(
            is_text(text, MAX_LABEL) for text in (option.name, *(value.label for value in option.values))
        ):
            return "bad_text", f"option {option.code}"[:_DETAIL]
    return None


def _check_facets(facets: list[Facet]) -> Problem | None:
    known = {(facet.code, facet.value) for facet in facets}
    if len(facets) > MAX_FACETS or len(known) < len(facets):
        return "bad_facets", "too many" if len(facets) > MAX_FACETS else "the same one twice"
    for facet in facets:
        if not (is_code(facet.code) and is_code(facet.value)):
            return "bad_facets", f"{facet.code}:{facet.value}"[:_DETAIL]
        if not (is_text(facet.name, MAX_LABEL) and is_text(facet.label, MAX_LABEL)):
            return "bad_text", f"facet {facet.code}:{facet.value}"[:_DETAIL]
    return None


def _check_pictures(pictures: Iterable[tuple[object, Text]]) -> Problem | None:
    for position, (_, alt) in enumerate(pictures):
        if position >= MAX_PICTURES:
            return "too_many_pictures", f"more than {MAX_PICTURES}"
        if alt and not is_text(alt, MAX_TITLE):
            return "bad_text", f"picture {position + 1}: {alt}"[:_DETAIL]
    return None


def _check_variants(draft: ProductDraft) -> Problem | None:
    if not draft.variants:
        return "no_variants", draft.slug
    if len(draft.variants) > MAX_VARIANTS:
        return "too_many_variants", str(len(draft.variants))
    offered = {option.code: {value.code for value in option.values} for option in draft.options}
    skus: set[str] = set()
    choices: set[frozenset[tuple[str, str]]] = set()
    for variant in draft.variants:
        problem = _check_variant(variant, offered)
        if problem is not None:
            return problem
        choice = frozenset(variant.options.items())
        if variant.sku in skus:
            return "duplicate_sku", variant.sku
        if choice in choices:
            return "duplicate_options", f"{variant.sku}: {variant.options}"[:_DETAIL]
        skus.add(variant.sku)
        choices.add(choice)
    if draft.state == "published" and not any(variant.prices for variant in draft.variants):
        return "no_price", draft.slug
    return None


def _check_variant(variant: VariantDraft, offered: dict[str, set[str]]) -> Problem | None:
    if not is_code(variant.sku):
        return "bad_sku", variant.sku[:_DETAIL]
    if variant.options.keys() != offered.keys() or any(
        value not in offered[code] for code, value in variant.options.items()
    ):
        return "bad_options", f"{variant.sku}: {variant.options}"[:_DETAIL]
    if variant.label and not is_text(variant.label, MAX_LABEL):
        return "bad_text", f"label of {variant.sku}"[:_DETAIL]
    if not 0 <= variant.tax_rate_bp <= MAX_TAX_RATE_BP:
        return "bad_tax_rate", f"{variant.sku}: {variant.tax_rate_bp}"[:_DETAIL]
    if not 0 <= variant.position <= MAX_POSITION:
        return "bad_position", f"{variant.sku}: {variant.position}"[:_DETAIL]
    return check_prices(variant.prices)


def check_categories(drafts: list[CategoryDraft]) -> tuple[str, str] | None:
    """The first reason why category drafts cannot be written, with the offending code, or None."""
    parents = {draft.code: draft.parent_code for draft in drafts}
    if len(parents) < len(drafts):
        return "duplicate_code", "the same code twice"
    for draft in drafts:
        if not _CATEGORY_CODE.fullmatch(draft.code):
            return "bad_code", draft.code[:_DETAIL]
        if not is_text(draft.name, MAX_LABEL):
            return "bad_name", draft.code
        if not 0 <= draft.position <= MAX_POSITION:
            return "bad_position", draft.code
    return None


def find_cycle(parents: Mapping[str, str | None]) -> str | None:
    """A code whose chain of parents comes back to itself, or None.

    Parents outside the mapping end a chain.
    """
    sound: set[str] = set()
    for start in parents:
        chain: set[str] = set()
        code: str | None = start
        while code is not None and code not in sound:
            if code in chain:
                return code
            chain.add(code)
            code = parents.get(code)
        sound |= chain
    return None
