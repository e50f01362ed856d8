"""From drafts and what is stored to what must be written. No database here."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from merx.catalog.model import (
    Category,
    Product,
    ProductDraft,
    ProductState,
    Refusal,
    Text,
    Variant,
    VariantDraft,
)
from merx.catalog.rules import Problem, check_draft
from merx.catalog.states import PRODUCT
from merx.catalog.store.categories import Link
from merx.catalog.store.products import Owners
from merx.catalog.store.variants import PriceRow, VariantRow
from merx.kit.ids import new_id


class Target(msgspec.Struct, frozen=True):
    """An acceptable draft: its place in the list and the product it is about, None for a new one."""

    index: int
    draft: ProductDraft
    product_id: UUID | None


class Writes(msgspec.Struct, frozen=True):
    """Rows to write, collected over a batch. Changed rows are given whole."""

    new_products: list[Product] = []
    changed_products: list[Product] = []
    previous_slugs: dict[UUID, str] = {}
    new_variants: list[VariantRow] = []
    changed_variants: list[VariantRow] = []
    prices: list[PriceRow] = []
    added_links: list[Link] = []
    removed_links: list[Link] = []
    pictures: dict[UUID, list[tuple[UUID, Text]]] = {}
    variant_ids: dict[str, UUID] = {}


def check_drafts(drafts: Sequence[ProductDraft]) -> tuple[list[tuple[int, ProductDraft]], list[Refusal]]:
    """Part the sound drafts from those that are wrong in themselves or repeat an earlier one."""
    sound: list[tuple[int, ProductDraft]] = []
    refusals: list[Refusal] = []
    skus: set[str] = set()
    slugs: set[str] = set()
    for index, draft in enumerate(drafts):
        problem = check_draft(draft)
        if problem is None:
            repeated = next((variant.sku for variant in draft.variants if variant.sku in skus), None)
            if repeated is None and draft.slug in slugs:
                repeated = draft.slug
            problem = None if repeated is None else ("duplicate_in_batch", repeated)
        if problem is not None:
            refusals.append(refusal(index, draft, problem))
            continue
        skus.update(variant.sku for variant in draft.variants)
        slugs.add(draft.slug)
        sound.append((index, draft))
    return sound, refusals


def refusal(index: int, draft: ProductDraft, problem: Problem) -> Refusal:
    """The refusal of one draft."""
    return Refusal(index=index, slug=draft.slug[:126], reason=problem[0], detail=problem[1])


def identify(draft: ProductDraft, known: Owners) -> tuple[UUID | None, Problem | None]:
    """The stored product a draft is about: by its SKUs, else by its slug. None: a new one."""
    product_id: UUID | None = None
    for variant in draft.variants:
        owner = known.skus.get(variant.sku)
        if owner is None:
            continue
        if owner[1] != draft.seller_id:
            return None, ("sku_taken", variant.sku)
        if product_id not in (None, owner[0]):
            return None, ("skus_of_several_products", variant.sku)
        product_id = owner[0]
    by_slug = known.slugs.get(draft.slug)
    if by_slug is not None and by_slug[0] != product_id:
        if product_id is not None or by_slug[1] != draft.seller_id:
            return None, ("slug_taken", draft.slug)
        product_id = by_slug[0]
    return product_id, None


def check_against(
    draft: ProductDraft, current: Product | None, categories: Mapping[str, Category]
) -> Problem | None:
    """Whether the draft fits what is stored."""
    unknown = next((code for code in draft.category_codes if code not in categories), None)
    if unknown is not None:
        return "unknown_category", unknown[:80]
    if current is not None:
        holders = {frozenset(variant.options.items()): variant.sku for variant in current.variants}
        for variant in draft.variants:
            holder = holders.get(frozenset(variant.options.items()))
            if holder not in (None, variant.sku):
                return "options_taken", f"{variant.sku}: {holder} has the same options"
    return None


def add_product(writes: Writes, draft: ProductDraft, categories: Mapping[str, Category]) -> None:
    """Plan a new product."""
    product = _merged(draft, None, state=draft.state, categories=categories)
    writes.new_products.append(product)
    writes.added_links.extend((product.id, category.id) for category in product.categories)
    if draft.pictures:
        writes.pictures[product.id] = draft.pictures
    for variant in draft.variants:
        _add_variant(writes, product, variant)


def change_product(
    writes: Writes, draft: ProductDraft, current: Product, categories: Mapping[str, Category]
) -> bool:
    """Plan what differs between a draft and the stored product; False when nothing does."""
    state = draft.state if PRODUCT.allows(current.state, draft.state) else current.state
    product = _merged(draft, current, state=state, categories=categories)
    variants_changed = _change_variants(writes, draft, current)
    links, old_links = ({category.id for category in side.categories} for side in (product, current))
    pictures = [(picture.id, picture.alt) for picture in current.pictures]
    pictures_changed = draft.pictures is not None and draft.pictures != pictures
    if product == current and not variants_changed and links == old_links and not pictures_changed:
        return False
    writes.changed_products.append(product)
    writes.previous_slugs[product.id] = current.slug
    writes.added_links.extend((product.id, category_id) for category_id in sorted(links - old_links))
    writes.removed_links.extend((product.id, category_id) for category_id in sorted(old_links - links))
    if draft.pictures is not None and pictures_changed:
        writes.pictures[product.id] = draft.pictures
    return True


def _merged(
    draft: ProductDraft, current: Product | None, *, state: ProductState, categories: Mapping[str, Category]
) -> Product:
    """The product's own row as it should be; its variants and pictures are left as they are stored."""
    wanted = {code: categories[code] for code in draft.category_codes}
    ordered = sorted(wanted.values(), key=lambda category: (category.position, category.code))
    return Product(
        id=new_id() if current is None else current.id,
        seller_id=draft.seller_id,
        slug=draft.slug,
        title=draft.title,
        description=draft.description,
        options=draft.options,
        facets=draft.facets,
        state=state,
        published_at=None if current is None else current.published_at,
        version=1 if current is None else current.version,
        pictures=[] if current is None else current.pictures,
        variants=[] if current is None else current.variants,
        categories=ordered,
    )


def _add_variant(writes: Writes, product: Product, draft: VariantDraft) -> None:
    variant_id = new_id()
    writes.new_variants.append(_variant_row(variant_id, product, draft))
    writes.prices.extend((variant_id, currency, amount) for currency, amount in draft.prices.items())
    writes.variant_ids[draft.sku] = variant_id


def _change_variants(writes: Writes, draft: ProductDraft, current: Product) -> bool:
    stored = {variant.sku: variant for variant in current.variants}
    changed = False
    for variant in draft.variants:
        old = stored.get(variant.sku)
        if old is None:
            _add_variant(writes, current, variant)
            changed = True
            continue
        writes.variant_ids[variant.sku] = old.id
        prices = [
            (old.id, code, amount)
            for code, amount in variant.prices.items()
            if old.prices.get(code) != amount
        ]
        if prices or not _same(old, variant):
            writes.changed_variants.append(_variant_row(old.id, current, variant))
            writes.prices.extend(prices)
            changed = True
    return changed


def _same(old: Variant, draft: VariantDraft) -> bool:
    return (old.label, old.options, old.position, old.tax_rate_bp) == (
        draft.label, draft.options, draft.position, draft.tax_rate_bp,
    )  # fmt: skip


def _variant_row(variant_id: UUID, product: Product, draft: VariantDraft) -> VariantRow:
    return VariantRow(
        id=variant_id,
        product_id=product.id,
        seller_id=product.seller_id,
        sku=draft.sku,
        label=draft.label,
        options=draft.options,
        position=draft.position,
        tax_rate_bp=draft.tax_rate_bp,
    )
