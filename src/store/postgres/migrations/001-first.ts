import type { Tables } from '../names.ts';

/**
 * Times are milliseconds since 1970; texts compare byte by byte. Keys of rows may be longer than an index takes, so their digests (SHA-256)
 * stand for them. Identity columns where a number must never be given twice.
 */
export const first = (t: Tables): string => `
-- The row stays when the lease is released (owner null) and when the pipeline is removed: the fence goes on growing.
CREATE TABLE ${t.leases} (
  pipeline text COLLATE "C" PRIMARY KEY,
  owner text COLLATE "C",
  fence int8 NOT NULL,
  duration_ms int8 NOT NULL,
  expires_at_ms int8 NOT NULL
) WITH (fillfactor = 50);

-- What the transactions of the last minutes left, so that one whose end nobody heard of can be found.
CREATE TABLE ${t.writes} (
  token uuid PRIMARY KEY,
  at timestamptz NOT NULL
);
CREATE INDEX writes_by_age ON ${t.writes} (at);

CREATE TABLE ${t.checkpoints} (
  pipeline text COLLATE "C" NOT NULL,
  space text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  name text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  PRIMARY KEY (pipeline, space, digest)
) WITH (fillfactor = 70);

CREATE TABLE ${t.deadLetters} (
  id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline text COLLATE "C" NOT NULL,
  collection text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  code text COLLATE "C" NOT NULL,
  message text COLLATE "C" NOT NULL,
  attempts int8 NOT NULL,
  first_failed_at_ms int8 NOT NULL,
  last_failed_at_ms int8 NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('deferred', 'parked')),
  until text COLLATE "C",
  sealed bytea,
  UNIQUE (pipeline, collection, digest)
);
CREATE INDEX dead_letters_by_id ON ${t.deadLetters} (pipeline, id);
CREATE INDEX dead_letters_by_state ON ${t.deadLetters} (pipeline, collection, state);

CREATE TABLE ${t.newestLetters} (
  pipeline text COLLATE "C" PRIMARY KEY,
  id int8 NOT NULL
);

-- A decision is 'pending' while its keys are being written and 'dropped' while they are being removed; then it counts for nothing.
CREATE TABLE ${t.guards} (
  id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline text COLLATE "C" NOT NULL,
  collection text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('pending', 'waiting', 'approved', 'dropped')),
  leaving int8 NOT NULL,
  total int8 NOT NULL,
  samples text COLLATE "C" NOT NULL,
  raised_at_ms int8 NOT NULL,
  approved_at_ms int8
);
CREATE UNIQUE INDEX guards_current ON ${t.guards} (pipeline, collection) WHERE state IN ('waiting', 'approved');
CREATE INDEX guards_by_pipeline ON ${t.guards} (pipeline, collection);

CREATE TABLE ${t.guardKeys} (
  guard int8 NOT NULL REFERENCES ${t.guards} (id),
  place int8 NOT NULL,
  key text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  PRIMARY KEY (guard, place)
);
CREATE INDEX guard_keys_by_key ON ${t.guardKeys} (guard, digest);

CREATE TABLE ${t.requests} (
  id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  detail text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  result text COLLATE "C" NOT NULL,
  asked_at_ms int8 NOT NULL
);
CREATE INDEX requests_by_pipeline ON ${t.requests} (pipeline, id);
CREATE INDEX requests_open ON ${t.requests} (pipeline, id) WHERE state IN ('waiting', 'running');

CREATE TABLE ${t.pauses} (
  pipeline text COLLATE "C" PRIMARY KEY,
  since_ms int8 NOT NULL,
  reason text COLLATE "C" NOT NULL
);

CREATE TABLE ${t.runs} (
  id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  started_at_ms int8 NOT NULL,
  ended_at_ms int8,
  result text COLLATE "C" NOT NULL,
  summary text COLLATE "C" NOT NULL
);
CREATE INDEX runs_by_pipeline ON ${t.runs} (pipeline, id);
`;
