/**
 * What the source of a live pipeline has besides: rows whose every write takes a higher number, values above 8 kB that most updates leave
 * alone, and a table that is truncated.
 */
export const liveSource = `
  CREATE SEQUENCE shop.versions;
  CREATE TABLE shop.meters (id int PRIMARY KEY, v bigint NOT NULL, note text);
  CREATE TABLE shop.pages (id int PRIMARY KEY, title text NOT NULL, body text NOT NULL);
  ALTER TABLE shop.pages ALTER body SET STORAGE EXTERNAL;
  CREATE TABLE shop.logbook (id int PRIMARY KEY, line text NOT NULL);
  INSERT INTO shop.meters SELECT i, nextval('shop.versions'), 'first' FROM generate_series(1, 60) AS i;
  INSERT INTO shop.pages SELECT i, 'page ' || i, repeat(md5(i::text), 400) FROM generate_series(1, 20) AS i;
  INSERT INTO shop.logbook SELECT i, 'line ' || i FROM generate_series(1, 200) AS i`;

export const liveTarget = `
  CREATE TABLE shop.meters (id int PRIMARY KEY, v bigint NOT NULL, note text);
  CREATE TABLE shop.pages (id int PRIMARY KEY, title text NOT NULL, body text NOT NULL);
  CREATE TABLE shop.logbook (id int PRIMARY KEY, line text NOT NULL);
  CREATE TRIGGER seen AFTER INSERT OR UPDATE OR DELETE ON shop.meters EXECUTE FUNCTION witness.note();
  CREATE TRIGGER seen AFTER INSERT OR UPDATE OR DELETE ON shop.logbook EXECUTE FUNCTION witness.note()`;

/** From now on the target remembers the highest number of each meter, and notes whoever comes with an older one, or brings back what left. */
export const watchMeters = `
  CREATE TABLE witness.seen (id int PRIMARY KEY, v bigint NOT NULL, gone boolean NOT NULL);
  CREATE TABLE witness.stepped_back (id int, from_v bigint, to_v bigint, gone boolean, writer text);
  INSERT INTO witness.seen SELECT id, v, false FROM shop.meters;
  CREATE FUNCTION witness.watch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' THEN
        UPDATE witness.seen SET gone = true WHERE id = OLD.id;
        RETURN NULL;
      END IF;
      INSERT INTO witness.stepped_back
        SELECT NEW.id, seen.v, NEW.v, seen.gone, current_setting('application_name') FROM witness.seen
        WHERE seen.id = NEW.id AND (seen.v > NEW.v OR seen.v = NEW.v AND seen.gone);
      INSERT INTO witness.seen VALUES (NEW.id, NEW.v, false)
        ON CONFLICT (id) DO UPDATE SET v = greatest(seen.v, excluded.v), gone = false;
      RETURN NULL;
    END $$;
  CREATE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON shop.meters FOR EACH ROW EXECUTE FUNCTION witness.watch()`;

/** Nobody may write the pages: a fault of the collection, not of its rows. */
export const refusePages = `
  CREATE FUNCTION witness.refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege'; END $$;
  CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON shop.pages EXECUTE FUNCTION witness.refuse()`;
export const allowPages = 'DROP TRIGGER refuse ON shop.pages; DROP FUNCTION witness.refuse()';
