/** The source of every scenario. Small, but with all that makes a pass hard: see `target.sql.ts` for what meets it. */
export const source = `
  CREATE SCHEMA shop;
  CREATE TABLE shop.people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    seat int NOT NULL UNIQUE,
    boss_id bigint REFERENCES shop.people,
    name text NOT NULL
  );
  CREATE TABLE shop.orders (
    id uuid PRIMARY KEY,
    number int NOT NULL UNIQUE,
    person_id bigint NOT NULL REFERENCES shop.people,
    total numeric(10,2) NOT NULL,
    placed_at timestamptz NOT NULL
  );
  CREATE INDEX orders_by_person ON shop.orders (person_id);
  CREATE TABLE shop.lines (
    order_id uuid NOT NULL REFERENCES shop.orders ON DELETE CASCADE,
    line smallint NOT NULL,
    article text NOT NULL,
    PRIMARY KEY (order_id, line)
  );
  CREATE TABLE shop.prices (id int PRIMARY KEY, amount numeric NOT NULL);
  CREATE TABLE shop.readings (at timestamptz NOT NULL, value double precision, unit text);
  CREATE TABLE shop.notes (code text PRIMARY KEY, body text NOT NULL);
  CREATE TABLE shop.comments (id int PRIMARY KEY, note text NOT NULL REFERENCES shop.notes, body text NOT NULL);
  CREATE TABLE shop.likes (id int PRIMARY KEY, note text NOT NULL REFERENCES shop.notes);
  CREATE TABLE shop.tags (id int PRIMARY KEY, label text NOT NULL);
  CREATE TABLE shop.archive (id int PRIMARY KEY, body text NOT NULL);
  CREATE TABLE shop.visits (id int PRIMARY KEY, page text NOT NULL);

  INSERT INTO shop.people (email, seat, boss_id, name)
    SELECT 'user' || i || '@example.com', i, nullif(i / 2, 0), 'Name ' || i FROM generate_series(1, 120) AS i;
  INSERT INTO shop.orders
    SELECT md5('order' || i)::uuid, i, 1 + i % 120, i / 7.0, timestamptz '2026-01-01' + i * interval '1 minute'
    FROM generate_series(1, 450) AS i;
  INSERT INTO shop.lines
    SELECT md5('order' || 1 + i % 450)::uuid, i / 450, 'article ' || i FROM generate_series(0, 899) AS i;
  INSERT INTO shop.prices SELECT i, i * 1.10 FROM generate_series(1, 200) AS i;
  INSERT INTO shop.readings
    SELECT timestamptz '2026-01-01' + i % 40 * interval '1 hour', i % 40 / 3.0, 'K' FROM generate_series(1, 200) AS i;
  INSERT INTO shop.notes SELECT 'note-' || i, 'body ' || i FROM generate_series(1, 100) AS i;
  INSERT INTO shop.notes VALUES ('poison-1', 'poison'), ('poison-2', 'poison');
  INSERT INTO shop.comments SELECT i, 'note-' || 1 + i % 100, 'comment ' || i FROM generate_series(1, 150) AS i;
  INSERT INTO shop.comments VALUES (9001, 'poison-1', 'on what can not arrive');
  INSERT INTO shop.likes SELECT i, 'note-' || i FROM generate_series(1, 50) AS i;
  INSERT INTO shop.likes VALUES (9001, 'poison-1');
  INSERT INTO shop.tags SELECT i, CASE WHEN i % 9 = 0 THEN 'hidden' ELSE 'tag ' || i END FROM generate_series(1, 80) AS i;
  INSERT INTO shop.tags VALUES (601, 'broken'), (1000, 'ours'), (1001, 'ours');
  INSERT INTO shop.archive SELECT i, 'old ' || i FROM generate_series(1, 150) AS i;
  INSERT INTO shop.visits SELECT i, 'page ' || i % 20 FROM generate_series(1, 400) AS i;
  ANALYZE`;
