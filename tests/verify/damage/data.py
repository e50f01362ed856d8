"""Damage to events, keys, accounts and what refers to another row."""

from tests.verify.damage.core import WAITING, Damage, odd_transfer

DAMAGES = (
    Damage("D1a", "a movement is of no allotment", """
        INSERT INTO movements (cause_id, kind, allotment_id, subject_id, received_delta, created_at)
        VALUES (gen_random_uuid(), 'adjust', gen_random_uuid(), gen_random_uuid(), 1, now())
        RETURNING 'movement adjust of ' || cause_id"""),
    Damage("D1a", "stock is of no variant", """
        INSERT INTO allotments (id, subject_id, location_id)
        SELECT gen_random_uuid(), gen_random_uuid(), id FROM locations LIMIT 1 RETURNING 'allotment ' || id"""),
    Damage("D1a", "stock came back from nowhere", """
        INSERT INTO movements (cause_id, kind, allotment_id, subject_id, sold_delta, created_at)
        SELECT gen_random_uuid(), 'return', allotment_id, subject_id, -1, created_at FROM stock_returns LIMIT 1
        RETURNING 'movement return of ' || cause_id""", also=frozenset({"S1"})),
    Damage("D1a", "a hold is of no order line", """
        UPDATE holds SET order_line_id = gen_random_uuid()
         WHERE id = (SELECT id FROM holds WHERE state = 'released' ORDER BY id LIMIT 1) RETURNING 'hold ' || id"""),
    Damage("D1a", "a hold is of no purchase", """
        UPDATE holds SET purchase_id = gen_random_uuid()
         WHERE id = (SELECT id FROM holds WHERE state = 'released' ORDER BY id LIMIT 1) RETURNING 'hold ' || id""",
        also=frozenset({"S5"})),
    Damage("D1b", "a cart holds a variant that is not there", """
        INSERT INTO cart_lines (cart_id, variant_id, quantity, added_at)
        SELECT id, gen_random_uuid(), 1, created_at FROM carts WHERE state = 'open' ORDER BY id LIMIT 1
        RETURNING 'cart line ' || variant_id || ' of ' || cart_id"""),
    Damage("D1b", "a line is of a product that is not there", f"""
        UPDATE order_lines SET product_id = gen_random_uuid() WHERE purchase_id = {WAITING} RETURNING 'order line ' || id"""),
    Damage("D1b", "a transfer is of no purchase", odd_transfer(purchase="gen_random_uuid()")),
    Damage("D1b", "a transfer has no cause", odd_transfer(cause="gen_random_uuid()")),
    Damage("D1b", "a review is of no line", """
        UPDATE product_reviews SET order_line_id = gen_random_uuid() RETURNING 'review of line ' || order_line_id"""),
    Damage("D1b", "a parcel is of no order", """
        INSERT INTO fulfilments (id, purchase_id, order_id, seller_id, state, created_at)
        SELECT gen_random_uuid(), purchase_id, gen_random_uuid(), seller_id, 'planned', placed_at FROM orders LIMIT 1
        RETURNING 'parcel ' || id""",
        before=("ALTER TABLE fulfilments DROP CONSTRAINT fulfilments_order_id_fkey",), also=frozenset({"O13"})),
    Damage("D1c", "a cart is of no account", """
        UPDATE carts SET account_id = gen_random_uuid() WHERE id = (SELECT id FROM carts WHERE state = 'open' ORDER BY id LIMIT 1)
        RETURNING 'cart ' || id"""),
    Damage("D1c", "a notification is of no account", """
        INSERT INTO notifications (event_id, account_id, kind, data, created_at)
        SELECT id, gen_random_uuid(), 'odd', '{}', created_at FROM events ORDER BY id LIMIT 1
        RETURNING 'notification odd of ' || event_id"""),
    Damage("D1c", "a notification is of no event", """
        INSERT INTO notifications (event_id, account_id, kind, data, created_at)
        SELECT gen_random_uuid(), id, 'odd', '{}', created_at FROM accounts ORDER BY id LIMIT 1
        RETURNING 'notification odd of ' || event_id"""),
    Damage("D1c", "a mail is of no account", """
        UPDATE mails SET account_id = gen_random_uuid() WHERE id = (SELECT id FROM mails ORDER BY id LIMIT 1)
        RETURNING 'mail ' || id"""),
    Damage("D2", "a data key is wrapped by a key that is not in the ring", """
        UPDATE data_keys SET master_key_id = 'k9' WHERE person_id = (SELECT person_id FROM data_keys ORDER BY 1 LIMIT 1)
        RETURNING 'data key of person ' || person_id"""),
    Damage("D3", "a parcel is another seller's", """
        UPDATE fulfilments SET seller_id = gen_random_uuid() WHERE state = 'delivered' RETURNING 'parcel ' || id"""),
    Damage("D3", "a parcel's line is of another purchase", f"""
        UPDATE fulfilment_lines SET purchase_id = {WAITING}
         WHERE fulfilment_id = (SELECT id FROM fulfilments WHERE state = 'delivered') RETURNING 'parcel ' || fulfilment_id"""),
    Damage("D3", "a fact is of another purchase than its payment", f"""
        UPDATE payment_events SET purchase_id = {WAITING}
         WHERE payment_id = (SELECT id FROM payments WHERE state = 'captured' ORDER BY id DESC LIMIT 1)
        RETURNING 'payment fact ' || reference"""),
    Damage("D3", "a variant is another seller's than its product", """
        UPDATE variants SET seller_id = (SELECT id FROM sellers WHERE code = 'pottery') WHERE sku = 'TEA'
        RETURNING 'variant ' || sku"""),
    Damage("D3", "a review is of another product", """
        UPDATE product_reviews SET product_id = (SELECT id FROM products WHERE slug = 'pot')
        RETURNING 'review of line ' || order_line_id"""),
    Damage("D3", "a review is of another seller", """
        UPDATE seller_reviews SET seller_id = (SELECT id FROM sellers WHERE code = 'pottery')
        RETURNING 'review of order ' || order_id"""),
    Damage("D4", "a purchase has lost its address", f"""
        DELETE FROM purchase_addresses a USING purchases p WHERE p.id = a.purchase_id AND p.id = {WAITING}
        RETURNING 'purchase ' || p.number"""),
    Damage("D4", "a purchase has lost its payment", f"""
        DELETE FROM payments y USING purchases p WHERE p.id = y.purchase_id AND p.id = {WAITING}
        RETURNING 'purchase ' || p.number"""),
    Damage("D5", "a handler is ahead of every transaction", """
        UPDATE subscription_cursors SET xid = '9000000000000' WHERE handler = 'notifications.order_paid'
        RETURNING 'handler ' || handler"""),
    Damage("D5", "the balances are ahead of every transaction", """
        UPDATE balances_cursor SET folded_xid = '9000000000000' RETURNING 'balances_cursor'""",
        also=frozenset({"M2"})),
    Damage("D7", "an account cannot be found by its e-mail", """
        DELETE FROM account_emails WHERE account_id = (SELECT id FROM accounts ORDER BY id LIMIT 1)
        RETURNING 'account ' || account_id"""),
    Damage("D7", "an erased account can still be read", """
        UPDATE accounts SET state = 'erased' WHERE id = (SELECT id FROM accounts ORDER BY id LIMIT 1) RETURNING 'account ' || id"""),
    Damage("D7", "an account has lost its data key", """
        DELETE FROM data_keys WHERE person_id = (SELECT account_id FROM seller_members LIMIT 1)
        RETURNING 'account ' || person_id"""),
    Damage("D8", "a guest's data key is lost", f"""
        WITH lost AS (
            DELETE FROM data_keys k USING purchases p WHERE k.person_id = p.person_id AND p.id = {WAITING}
            RETURNING p.number, p.cart_id)
        SELECT 'address of purchase ' || number FROM lost UNION ALL SELECT 'cart ' || cart_id FROM lost"""),
    Damage("D8", "an address is sealed for somebody else", f"""
        UPDATE purchase_addresses a SET person_id = (SELECT id FROM accounts ORDER BY id LIMIT 1)
          FROM purchases p WHERE p.id = a.purchase_id AND p.id = {WAITING} RETURNING 'address of purchase ' || p.number"""),
)  # fmt: skip
