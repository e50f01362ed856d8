"""All SQL of the benchmark: a catalogue, carts that wait to be ordered, and a past of paid orders.

Ids are a kind's eight hex digits and a number, so that SQL, pgbench and wrk find the same row without asking. Like the
ids of the shop they grow with time.
"""

from typing import Final

from merx.infra.db import Sql

CURRENCY: Final = "CNY"
PRICE: Final = 4_990
SHIPPING: Final = 800
TOTAL: Final = 2 * PRICE + SHIPPING
"""What every prepared cart costs: two lines of one unit, of one seller."""
SELLERS: Final = 3
PER_PRODUCT: Final = 4
BLOCK: Final = SELLERS * PER_PRODUCT
"""Variants come in blocks in which each seller has one product of four variants."""

SELLER_KIND: Final = "5e11e400"
PRODUCT_KIND: Final = "94000d00"
VARIANT_KIND: Final = "7a41a700"
CART_KIND: Final = "ca470000"
HOT_LOCATION: Final = "10ca0000-0000-0000-0000-000000000001"


def id_of(kind: str, number: str) -> str:
    """The SQL expression of the id of a kind's `number`, itself an SQL expression."""
    return f"('{kind}' || lpad(to_hex({number}), 24, '0'))::uuid"


SELLERS_SQL = Sql(f"""
INSERT INTO sellers (id, code, name, created_at)
SELECT {id_of(SELLER_KIND, "i")}, 'bench-' || i, jsonb_build_object('en', 'Bench seller ' || i, 'zh-CN', '测试商家 ' || i), $1
  FROM generate_series(1, {SELLERS}) i
""")

RATES_SQL = Sql(f"""
INSERT INTO delivery_rates (seller_id, method, currency, amount, free_from, countries)
SELECT id, 'standard', '{CURRENCY}', {SHIPPING}, 1000000, '{{CN,US}}' FROM sellers
""")

LOCATIONS_SQL = Sql("""
INSERT INTO locations (id, code, name, position)
SELECT ('10ca0000' || lpad(to_hex(i), 24, '0'))::uuid, 'bench-' || i,
       jsonb_build_object('en', 'Warehouse ' || i, 'zh-CN', '仓库 ' || i), i
  FROM generate_series(1, 2) i
""")

CATEGORIES_SQL = Sql("""
INSERT INTO categories (id, code, name, position)
SELECT ('ca7e0000' || lpad(to_hex(i), 24, '0'))::uuid, 'bench-' || i,
       jsonb_build_object('en', 'Category ' || i, 'zh-CN', '分类 ' || i), i
  FROM generate_series(1, 20) i
""")

PRODUCTS_SQL = Sql(f"""
INSERT INTO products (id, seller_id, slug, title, description, options, facets, state, published_at, created_at, updated_at)
SELECT {id_of(PRODUCT_KIND, "i")}, {id_of(SELLER_KIND, f"(i - 1) % {SELLERS} + 1")}, 'bench-' || i,
       jsonb_build_object('en', 'Light trail running shoe, model ' || i, 'zh-CN', '轻量越野跑鞋 ' || i || ' 款'),
       jsonb_build_object('en', repeat('A shoe for long days on soft and stony ground, with room for the toes. ', 6),
                          'zh-CN', repeat('适合松软和多石路面的长距离越野跑鞋，脚趾空间宽松。', 8)),
       jsonb_build_array(jsonb_build_object('code', 'size', 'name', jsonb_build_object('en', 'Size', 'zh-CN', '尺码'),
           'values', (SELECT jsonb_agg(jsonb_build_object('code', 's' || s,
                             'label', jsonb_build_object('en', 'Size ' || s, 'zh-CN', s || ' 码')) ORDER BY s)
                        FROM generate_series(40, {39 + PER_PRODUCT}) s))),
       jsonb_build_array(jsonb_build_object('code', 'brand', 'value', 'brand-' || i % 40,
           'name', jsonb_build_object('en', 'Brand', 'zh-CN', '品牌'),
           'label', jsonb_build_object('en', 'Brand ' || i % 40, 'zh-CN', '品牌 ' || i % 40))),
       'published', $2, $2, $2
  FROM generate_series(1, $1::bigint) i
""")

IN_CATEGORIES_SQL = Sql(f"""
INSERT INTO product_categories (product_id, category_id)
SELECT {id_of(PRODUCT_KIND, "i")}, ('ca7e0000' || lpad(to_hex(i % 20 + 1), 24, '0'))::uuid
  FROM generate_series(1, $1::bigint) i
""")

MEDIA_SQL = Sql("""
INSERT INTO media (id, sha256, width, height, colour, files, created_at)
SELECT ('3ed1a000' || lpad(to_hex(i), 24, '0'))::uuid, sha256(convert_to('bench-' || i, 'UTF8')), 1200, 1200, '#d8d2c8',
       (SELECT jsonb_agg(jsonb_build_object('format', f, 'width', w, 'height', w, 'bytes', w * 60,
                         'path', 'bench/' || md5(i || f || w) || '.' || f))
          FROM unnest(ARRAY['avif', 'webp']) f, unnest(ARRAY[320, 640, 1200]) w), $2
  FROM generate_series(1, $1::bigint) i
""")

PRODUCT_MEDIA_SQL = Sql(f"""
INSERT INTO product_media (product_id, position, media_id, alt)
SELECT {id_of(PRODUCT_KIND, "i")}, position, ('3ed1a000' || lpad(to_hex(i), 24, '0'))::uuid,
       jsonb_build_object('en', 'The shoe from the side', 'zh-CN', '鞋的侧面')
  FROM generate_series(1, $1::bigint) i, generate_series(0, 1) position
""")

VARIANTS_SQL = Sql(f"""
INSERT INTO variants (id, product_id, seller_id, sku, label, options, position, tax_rate_bp, created_at, updated_at)
SELECT {id_of(VARIANT_KIND, "i")}, {id_of(PRODUCT_KIND, f"(i - 1) / {PER_PRODUCT} + 1")},
       {id_of(SELLER_KIND, f"(i - 1) / {PER_PRODUCT} % {SELLERS} + 1")}, 'bench-' || i,
       jsonb_build_object('en', 'Size ' || size, 'zh-CN', size || ' 码'), jsonb_build_object('size', 's' || size),
       (i - 1) % {PER_PRODUCT}, 1300, $2, $2
  FROM generate_series(1, $1::bigint) i, LATERAL (SELECT 40 + (i - 1) % {PER_PRODUCT} AS size) s
""")

PRICES_SQL = Sql(f"""
WITH priced AS (
    INSERT INTO prices (variant_id, currency, amount, updated_at)
    SELECT id, '{CURRENCY}', {PRICE}, $1 FROM variants
    RETURNING variant_id, currency, version, amount
)
INSERT INTO price_versions (variant_id, currency, version, amount, valid_from)
SELECT variant_id, currency, version, amount, $1 FROM priced
""")

STOCK_SQL = Sql("""
WITH stocked AS (
    INSERT INTO allotments (id, subject_id, location_id, received)
    SELECT ('a1107000' || lpad(to_hex(row_number() OVER (ORDER BY v.id, l.id)), 24, '0'))::uuid, v.id, l.id, $1
      FROM variants v, locations l
    RETURNING id, subject_id, received
)
INSERT INTO movements (cause_id, kind, allotment_id, subject_id, received_delta, created_at)
SELECT gen_random_uuid(), 'receive', id, subject_id, received, $2 FROM stocked
""")

CARTS_SQL = Sql(f"""
INSERT INTO carts (id, token_hash, person_id, currency, locale, address_sealed, country, delivery, provider, version,
                   created_at, updated_at)
SELECT {id_of(CART_KIND, "i")}, sha256(convert_to('bench-' || i, 'UTF8')), gen_random_uuid(), '{CURRENCY}', 'zh-CN',
       decode(repeat(md5(i::text), 14), 'hex'), 'CN', 'standard', 'alipay', 6, $3, $3
  FROM generate_series($1::bigint, $1 + $2::bigint - 1) i
""")
"""Carts number $1 and the $2 − 1 after it, complete but for their lines. Number i is opened by the token 'bench-i'."""

CART_LINES_SQL = Sql(f"""
INSERT INTO cart_lines (cart_id, variant_id, quantity, added_at)
WITH drawn AS MATERIALIZED (
    SELECT i, floor(random() * $3)::bigint AS block, 1 + floor(random() * ($3 - 1))::bigint AS step,
           floor(random() * {SELLERS})::bigint AS seller, floor(random() * {PER_PRODUCT})::bigint AS first,
           floor(random() * {PER_PRODUCT})::bigint AS second
      FROM generate_series($1::bigint, $1 + $2::bigint - 1) i
)
SELECT {id_of(CART_KIND, "i")}, {id_of(VARIANT_KIND, f"1 + b * {BLOCK} + seller * {PER_PRODUCT} + v")}, 1, $4
  FROM drawn, LATERAL (VALUES (block, first), ((block + step) % $3::bigint, second)) AS l (b, v)
""")
"""Two lines for each cart: different variants of one seller, drawn from $3 blocks."""

HOT_LINES_SQL = Sql(f"""
INSERT INTO cart_lines (cart_id, variant_id, quantity, added_at)
SELECT {id_of(CART_KIND, "i")}, {id_of(VARIANT_KIND, "v")}, 1, $4
  FROM generate_series($1::bigint, $1 + $2::bigint - 1) i,
       LATERAL (VALUES (1::bigint), (1 + {BLOCK} * (1 + i % ($3::bigint - 1)))) AS l (v)
""")
"""Two lines for each cart: the hot variant, number 1, and another of the same seller."""

HOT_STOCK_SQL = Sql(f"""
UPDATE allotments SET received = held + sold + CASE location_id WHEN '{HOT_LOCATION}' THEN $1::bigint ELSE 0 END
 WHERE subject_id = {id_of(VARIANT_KIND, "1")}
""")
TAKEN_SQL = Sql(
    f"SELECT sum(held + sold)::bigint FROM allotments WHERE subject_id = {id_of(VARIANT_KIND, '1')}"
)
FREE_SQL = Sql(
    f"SELECT sum(received - held - sold)::bigint FROM allotments WHERE subject_id = {id_of(VARIANT_KIND, '1')}"
)
