import type { Tables } from '../names.ts';

/** Connections that configurations name. What their URLs hold is sealed. */
export const connections = (t: Tables): string => `
CREATE TABLE ${t.connections} (
  name text COLLATE "C" PRIMARY KEY,
  sealed bytea NOT NULL,
  saved_at_ms int8 NOT NULL
);
`;
