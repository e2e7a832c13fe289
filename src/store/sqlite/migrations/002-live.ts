/**
 * What live pipelines need: letters that may still be cured, the sealed row, the newest number that a letter ever had (it stays when
 * letters go), requests and pauses.
 */
export const live = `
ALTER TABLE dead_letters ADD COLUMN state TEXT NOT NULL DEFAULT 'parked' CHECK (state IN ('deferred', 'parked'));
ALTER TABLE dead_letters ADD COLUMN until TEXT;
ALTER TABLE dead_letters ADD COLUMN sealed BLOB;
CREATE INDEX dead_letters_by_state ON dead_letters (pipeline, collection, state);

CREATE TABLE newest_letters (
  pipeline TEXT PRIMARY KEY,
  id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO newest_letters SELECT pipeline, max(id) FROM dead_letters GROUP BY pipeline;

CREATE TABLE requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  pipeline TEXT NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  result TEXT NOT NULL,
  asked_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_by_pipeline ON requests (pipeline, id);
CREATE INDEX requests_open ON requests (pipeline, id) WHERE state IN ('waiting', 'running');

-- A guard that waits grows while the stream goes on: is a key there already?
CREATE INDEX guard_keys_by_key ON guard_keys (guard, key);

CREATE TABLE pauses (
  pipeline TEXT PRIMARY KEY,
  since_ms INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
