/**
 * What the target is before the first pass; `orders`, `lines` and `likes` are missing, so the engine makes them.
 *
 * - people: drifted: e-mails exchanged in pairs, seats moved in a circle, bosses changed, rows missing, rows too many that hold
 *   values which others need
 * - prices: every row differs
 * - readings: no key, other rows
 * - notes: empty, and refuses the poison; comments: empty, and refers to notes
 * - tags: somebody else's rows, two of them under keys of ours
 * - archive: twice the rows that the source has, so the guard holds back what would leave
 * - visits: empty, and filled with its key off, which a trigger would prevent
 *
 * Every write to these tables (but visits) is logged with the name that its session had, which carries the writer's fence.
 */
export const target = `
  CREATE SCHEMA shop;
  CREATE TABLE shop.people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    seat int NOT NULL UNIQUE,
    boss_id bigint REFERENCES shop.people,
    name text NOT NULL
  );
  INSERT INTO shop.people (email, seat, name)
    SELECT 'user' || (CASE WHEN i <= 6 THEN 1 + ((i - 1) # 1) ELSE i END) || '@example.com',
      CASE WHEN i BETWEEN 51 AND 55 THEN 51 + (i - 50) % 5 ELSE i END, 'Name ' || i / 3
    FROM generate_series(1, 110) AS i;
  INSERT INTO shop.people (id, email, seat, boss_id, name) OVERRIDING SYSTEM VALUE
    SELECT i, 'user' || i - 800 || '@example.com', i - 800, 5, 'Stray ' || i FROM generate_series(911, 914) AS i;
  UPDATE shop.people SET boss_id = 912 WHERE id BETWEEN 100 AND 104;

  CREATE TABLE shop.prices (id int PRIMARY KEY, amount numeric NOT NULL);
  INSERT INTO shop.prices SELECT i, -i FROM generate_series(1, 200) AS i;
  CREATE TABLE shop.readings (at timestamptz NOT NULL, value double precision, unit text);
  INSERT INTO shop.readings SELECT timestamptz '2020-01-01', i, 'C' FROM generate_series(1, 190) AS i;
  CREATE TABLE shop.notes (code text PRIMARY KEY, body text NOT NULL CHECK (body <> 'poison'));
  CREATE TABLE shop.comments (id int PRIMARY KEY, note text NOT NULL REFERENCES shop.notes, body text NOT NULL);
  CREATE TABLE shop.tags (id int PRIMARY KEY, label text NOT NULL);
  INSERT INTO shop.tags SELECT i, 'THEIRS' FROM generate_series(1000, 1010) AS i;
  CREATE TABLE shop.archive (id int PRIMARY KEY, body text NOT NULL);
  INSERT INTO shop.archive SELECT i, 'old ' || i FROM generate_series(1, 300) AS i;
  CREATE TABLE shop.visits (id int PRIMARY KEY, page text NOT NULL);
  CREATE INDEX visits_by_page ON shop.visits (page);

  CREATE SCHEMA witness;
  CREATE TABLE witness.log (place bigserial PRIMARY KEY, writer text NOT NULL, at timestamptz NOT NULL);
  CREATE FUNCTION witness.note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO witness.log (writer, at) VALUES (current_setting('application_name'), clock_timestamp());
      RETURN NULL;
    END $$;
  DO $$ DECLARE name text; BEGIN
    FOREACH name IN ARRAY ARRAY['people','prices','readings','notes','comments','tags','archive'] LOOP
      EXECUTE format('CREATE TRIGGER seen AFTER INSERT OR UPDATE OR DELETE ON shop.%I EXECUTE FUNCTION witness.note()', name);
    END LOOP;
  END $$;
  ANALYZE`;
