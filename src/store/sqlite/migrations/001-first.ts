/**
 * Times are milliseconds since 1970, texts compare byte by byte. AUTOINCREMENT where a number must never be given twice.
 */
export const first = `
CREATE TABLE store (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  store_id TEXT NOT NULL
) STRICT;
INSERT INTO store VALUES (1, lower(hex(randomblob(16))));

-- The row stays when the lease is released (owner null) and when the pipeline is removed: the fence goes on growing.
CREATE TABLE leases (
  pipeline TEXT PRIMARY KEY,
  owner TEXT,
  fence INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
  pipeline TEXT NOT NULL,
  space TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (pipeline, space, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  pipeline TEXT NOT NULL,
  collection TEXT NOT NULL,
  key TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  first_failed_at_ms INTEGER NOT NULL,
  last_failed_at_ms INTEGER NOT NULL,
  UNIQUE (pipeline, collection, key)
) STRICT;
CREATE INDEX dead_letters_by_id ON dead_letters (pipeline, id);

-- A decision is 'pending' while its keys are being written, and counts for nothing until it takes the place of the last.
CREATE TABLE guards (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  pipeline TEXT NOT NULL,
  collection TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'waiting', 'approved')),
  leaving INTEGER NOT NULL,
  total INTEGER NOT NULL,
  samples TEXT NOT NULL,
  raised_at_ms INTEGER NOT NULL,
  approved_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX guards_current ON guards (pipeline, collection) WHERE state <> 'pending';
CREATE INDEX guards_by_collection ON guards (pipeline, collection);

CREATE TABLE guard_keys (
  guard INTEGER NOT NULL REFERENCES guards (id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (guard, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  pipeline TEXT NOT NULL,
  kind TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  result TEXT NOT NULL,
  summary TEXT NOT NULL
) STRICT;
CREATE INDEX runs_by_pipeline ON runs (pipeline, id);
`;
