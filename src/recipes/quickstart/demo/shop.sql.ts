/** A small shop: customers, their orders, the orders' lines. `specimens` has a column of every type of PostgreSQL's that a value can be written of. */
export const schema = `
  CREATE SCHEMA shop;
  CREATE TYPE shop.standing AS ENUM ('new', 'regular', 'blocked');
  CREATE TYPE shop.address AS (street text, city text, zip text);
  CREATE DOMAIN shop.email AS text CHECK (VALUE LIKE '%@%');

  CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email shop.email NOT NULL UNIQUE,
    name text NOT NULL,
    standing shop.standing NOT NULL DEFAULT 'new',
    home shop.address,
    credit numeric(12,2) NOT NULL DEFAULT 0,
    joined_at timestamptz NOT NULL DEFAULT now()
  );
  COMMENT ON TABLE shop.customers IS 'Whoever ordered at least once.';

  CREATE TABLE shop.orders (
    id uuid PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES shop.customers,
    placed_at timestamptz NOT NULL,
    note text,
    channel text COLLATE "C" NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'
  );
  CREATE INDEX orders_by_customer ON shop.orders (customer_id, placed_at DESC);

  CREATE TABLE shop.order_lines (
    order_id uuid NOT NULL REFERENCES shop.orders ON DELETE CASCADE,
    line smallint NOT NULL,
    article text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    price numeric(10,2) NOT NULL,
    total numeric(12,2) GENERATED ALWAYS AS (quantity * price) STORED,
    PRIMARY KEY (order_id, line)
  );

  CREATE TABLE shop.specimens (
    id integer PRIMARY KEY,
    a_boolean boolean, a_smallint smallint, a_bigint bigint, a_numeric numeric, a_real real, a_double double precision,
    a_money money, a_text text, a_varchar varchar(40), a_char char(6), a_name name, a_bytea bytea,
    a_date date, a_time time, a_timetz timetz, a_timestamp timestamp, a_timestamptz timestamptz, an_interval interval,
    a_uuid uuid, a_json json, a_jsonb jsonb, an_inet inet, a_cidr cidr, a_macaddr macaddr, a_macaddr8 macaddr8,
    a_bit bit(5), a_varbit bit varying, a_point point, a_line line, a_segment lseg, a_box box, a_path path,
    a_polygon polygon, a_circle circle, a_vector tsvector, a_query tsquery, an_lsn pg_lsn,
    an_int_range int4range, a_time_range tstzrange, some_ranges int4multirange,
    some_integers integer[], some_texts text[][], an_enum shop.standing, some_enums shop.standing[], a_composite shop.address,
    a_domain shop.email,
    a_letter "char", a_document xml, a_json_path jsonpath, a_cursor refcursor, an_acl aclitem,
    an_oid oid, a_tid tid, a_cid cid, an_xid xid, an_xid8 xid8, a_snapshot pg_snapshot, an_old_snapshot txid_snapshot,
    some_small int2vector, some_oids oidvector,
    a_class regclass, a_collation regcollation, a_configuration regconfig, a_dictionary regdictionary, a_schema regnamespace,
    an_operator regoper, a_full_operator regoperator, a_function regproc, a_full_function regprocedure, a_role regrole, a_type regtype,
    a_big_range int8range, a_numeric_range numrange, a_date_range daterange, a_local_range tsrange,
    big_ranges int8multirange, numeric_ranges nummultirange, date_ranges datemultirange, local_ranges tsmultirange, time_ranges tstzmultirange
  );`;

export interface ShopSize {
  readonly customers: number;
  readonly orders: number;
  readonly lines: number;
  readonly specimens: number;
}

/** Two and a half orders a customer, two lines and a half an order: together `rows`. */
export function sizeOf(rows: number): ShopSize {
  const customers = Math.round(rows * 0.1);
  const orders = Math.round(rows * 0.25);
  const specimens = Math.min(2_000, Math.round(rows * 0.01));
  return { customers, orders, specimens, lines: rows - customers - orders - specimens };
}

export const fill = ({ customers, orders, lines, specimens }: ShopSize): readonly string[] => [
  `INSERT INTO shop.customers (email, name, standing, home, credit, joined_at)
    SELECT 'user' || i || '@example.com',
      (ARRAY['Amina','Boris','Chidi','Dana','Esra','Farid','Grace','Hugo'])[1 + i % 8] || ' ' ||
      (ARRAY['Abel','Baker','Cruz','Diallo','Evans','Fischer','Garcia'])[1 + i % 7],
      (ARRAY['new','regular','regular','regular','blocked'])[1 + i % 5]::shop.standing,
      ROW(i || ' Market St', (ARRAY['Nairobi','Berlin','Lima'])[1 + i % 3], lpad((i % 99999)::text, 5, '0'))::shop.address,
      (i % 10000) / 100.0, timestamptz '2021-01-01' + i * interval '7 minutes 0.000123 seconds'
    FROM generate_series(1, ${customers}) AS i`,
  `INSERT INTO shop.orders
    SELECT md5('order' || i)::uuid, 1 + i % ${customers}, timestamptz '2022-01-01' + i * interval '97 seconds',
      CASE WHEN i % 7 = 0 THEN 'Please ring twice · ' || i END, (ARRAY['web','app','shop'])[1 + i % 3],
      jsonb_build_object('coupon', CASE WHEN i % 11 = 0 THEN 'WELCOME' END, 'weight', (i % 900) / 10.0)
    FROM generate_series(0, ${orders - 1}) AS i`,
  `INSERT INTO shop.order_lines (order_id, line, article, quantity, price)
    SELECT md5('order' || i % ${orders})::uuid, 1 + i / ${orders}, 'article ' || i % 4999, 1 + i % 9, (i % 20000) / 100.0
    FROM generate_series(0, ${lines - 1}) AS i`,
  `INSERT INTO shop.specimens
    SELECT i, i % 2 = 0, i % 3000, i * 1000000007::bigint, (i / 7.0)::numeric * 10 ^ (i % 30 - 15), i / 3.0, i / 7.0,
      i::money, 'text ' || i || E' \\\\ \\t \\n ü 漢 🙂', 'varchar ' || i, 'ch' || i % 99, ('name' || i)::name, decode(md5(i::text), 'hex'),
      date '2000-02-29' + i, time '00:00' + i * interval '1.000001 second', '04:05:06.789+02', timestamp '1999-12-31' + i * interval '1 day',
      timestamptz '2000-01-01' + i * interval '1.000001 hours', i * interval '1 month 1 day 0.5 seconds',
      md5(i::text)::uuid, json_build_object('b', 1, 'a', i), jsonb_build_object('b', 1.10, 'a', i), ('10.0.' || i % 250 || '.1')::inet,
      '10.1.0.0/16', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '10101', '101'::varbit, point(i, -i), '{1,2,3}',
      '[(0,0),(1,1)]', '((0,0),(2,2))', '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', '<(0,0),5>',
      to_tsvector('simple', 'the quick fox ' || i), to_tsquery('simple', 'quick & fox'), '16/B374D848',
      int4range(i, i + 10), tstzrange('2020-01-01', NULL), int4multirange(int4range(1, 5), int4range(i + 10, i + 20)),
      ARRAY[i, NULL, -i], ARRAY[['a,b','"c"'],['{d}', NULL]], 'regular', ARRAY['new','blocked']::shop.standing[],
      ROW('Main', 'Quito', NULL)::shop.address, 'somebody@example.com',
      chr(65 + i % 26)::"char", ('<line no="' || i || '">x &amp; y</line>')::xml, '$."a"[*]?(@ > 1)', ('cursor ' || i)::refcursor, 'postgres=r/postgres',
      i::oid, ('(' || i || ',1)')::tid, i::text::cid, i::text::xid, i::text::xid8, '10:20:10,14,15', '10:20:10,14,15',
      '1 2 3', '1 4294967295 2',
      'pg_class', '"C"', 'simple', 'english_stem', 'pg_catalog',
      'pg_catalog.||/', '+(integer,integer)', 'now', 'lower(text)', 'pg_monitor', 'timestamp with time zone',
      int8range(i, NULL), numrange(0.10, i + 1.000), daterange('2024-01-01', 'infinity'), tsrange(NULL, '2024-01-02 00:00:00.000001'),
      int8multirange(int8range(1, 5), int8range(i + 10, NULL)), nummultirange(numrange(0.10, 1.000)), datemultirange(daterange(NULL, '2024-01-01')),
      '{}', tstzmultirange(tstzrange('2020-01-01', '2020-02-01'), tstzrange('2021-01-01', NULL))
    FROM generate_series(1, ${specimens}) AS i`,
  `INSERT INTO shop.specimens (id) VALUES (0)`,
  'ANALYZE',
];

/** Somebody meddles with the target, and life goes on at the source. */
export const drift = {
  target: [
    `UPDATE shop.customers SET credit = credit + 1 WHERE id IN (7, 77, 777)`,
    `UPDATE shop.orders SET details = details || '{"weight": 1.0}' WHERE id = md5('order5')::uuid`,
    `DELETE FROM shop.order_lines WHERE order_id = md5('order11')::uuid`,
    `UPDATE shop.specimens SET a_numeric = 1.00, an_interval = '30 days' WHERE id = 3`,
    `INSERT INTO shop.orders (id, customer_id, placed_at, channel)
      SELECT md5('stray' || i)::uuid, 1, now(), 'nowhere' FROM generate_series(1, 5) AS i`,
  ],
  source: [
    `UPDATE shop.specimens SET a_numeric = 1.0, an_interval = '1 mon' WHERE id = 3`,
    `DELETE FROM shop.orders WHERE id = md5('order21')::uuid`,
    `INSERT INTO shop.customers (email, name) VALUES ('late@example.com', 'Late Comer')`,
    `UPDATE shop.customers SET email = CASE id WHEN 2 THEN 'swap@example.com' ELSE email END WHERE id = 2`,
    `UPDATE shop.customers SET email = 'user2@example.com' WHERE id = 3`,
    `UPDATE shop.customers SET email = 'user3@example.com' WHERE id = 2`,
  ],
} as const;

/** Prices rise for some, two customers exchange their addresses, one order goes and another comes. */
export const priceRise = [
  `UPDATE shop.order_lines SET price = price * 1.10 WHERE article LIKE 'article 1%'`,
  `UPDATE shop.customers SET email = 'swap@example.com' WHERE id = 5`,
  `UPDATE shop.customers SET email = 'user5@example.com' WHERE id = 6`,
  `UPDATE shop.customers SET email = 'user6@example.com' WHERE id = 5`,
  `DELETE FROM shop.orders WHERE id = md5('order33')::uuid`,
  `INSERT INTO shop.orders (id, customer_id, placed_at, channel) VALUES (md5('risen')::uuid, 5, now(), 'web')`,
] as const;

/** In the order in which they refer to each other. */
export const tables = ['customers', 'orders', 'order_lines', 'specimens'] as const;
