"""SQL of stored pictures and of what they show."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.catalog.model import MediaDraft, Picture
from merx.catalog.store.columns import as_json
from merx.infra.db import ReadTx, Sql, Tx
from merx.kit.i18n import Text
from merx.kit.ids import new_id

KNOWN_MEDIA = Sql("SELECT id FROM media WHERE id = ANY($1::uuid[])")


async def known_media(tx: ReadTx, *, media_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these pictures exist."""
    wanted = list(media_ids)
    return {row["id"] for row in await tx.rows(KNOWN_MEDIA, wanted)} if wanted else set()


PICTURES_OF = Sql("""
SELECT json_build_object('id', m.id, 'files', m.files, 'width', m.width, 'height', m.height, 'colour', m.colour,
                         'alt', '{}'::json, 'credit', m.credit)::text
  FROM media m WHERE m.id = ANY($1::uuid[])
""")

_PICTURE = msgspec.json.Decoder(Picture)


async def pictures_of(tx: ReadTx, *, media_ids: Sequence[UUID]) -> list[Picture]:
    """Stored pictures in the order of their ids here; unknown ones are left out. They have no words of their own."""
    if not media_ids:
        return []
    rows = (_PICTURE.decode(row[0]) for row in await tx.rows(PICTURES_OF, list(media_ids)))
    found = {picture.id: picture for picture in rows}
    return [found[media_id] for media_id in media_ids if media_id in found]


SAVE_MEDIA = Sql("""
INSERT INTO media AS m (id, sha256, width, height, colour, files, credit, owner_id, created_at)
SELECT d.id, d.sha256, d.width, d.height, d.colour, d.files, d.credit, d.owner_id, $9
  FROM unnest($1::uuid[], $2::bytea[], $3::integer[], $4::integer[], $5::text[], $6::jsonb[], $7::text[], $8::uuid[])
    AS d (id, sha256, width, height, colour, files, credit, owner_id)
 ORDER BY d.sha256
    ON CONFLICT (sha256) DO NOTHING
""")

MEDIA_IDS = Sql("SELECT sha256, id FROM media WHERE sha256 = ANY($1::bytea[])")


async def save_media(tx: Tx, *, pictures: Sequence[MediaDraft], now: datetime) -> dict[bytes, UUID]:
    """Register pictures whose files are on disk; one that is known already keeps its row.

    Returns hash → media id.
    """
    unique = list({picture.sha256: picture for picture in pictures}.values())
    if not unique:
        return {}
    await tx.run(
        SAVE_MEDIA,
        [new_id() for _ in unique],
        [picture.sha256 for picture in unique],
        [picture.width for picture in unique],
        [picture.height for picture in unique],
        [picture.colour for picture in unique],
        [as_json(picture.files) for picture in unique],
        [picture.credit for picture in unique],
        [picture.owner_id for picture in unique],
        now,
    )
    rows = await tx.rows(MEDIA_IDS, [picture.sha256 for picture in unique])
    return {row["sha256"]: row["id"] for row in rows}


CLEAR_PICTURES = Sql("DELETE FROM product_media WHERE product_id = ANY($1::uuid[])")

ADD_PICTURES = Sql("""
INSERT INTO product_media (product_id, position, media_id, alt)
SELECT d.product_id, d.position, d.media_id, d.alt
  FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::jsonb[]) AS d (product_id, position, media_id, alt)
""")


async def replace_pictures(tx: Tx, *, pictures: Mapping[UUID, Sequence[tuple[UUID, Text]]]) -> None:
    """Give each product exactly these pictures (media id, alt text), in this order."""
    if not pictures:
        return
    await tx.run(CLEAR_PICTURES, list(pictures))
    rows = [
        (product_id, position, media_id, as_json(alt))
        for product_id, wanted in pictures.items()
        for position, (media_id, alt) in enumerate(wanted)
    ]
    if rows:
        await tx.run(ADD_PICTURES, *(list(column) for column in zip(*rows, strict=True)))
