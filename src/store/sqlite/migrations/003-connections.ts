/** Connections that configurations name. What their URLs hold is sealed. */
export const connections = `
CREATE TABLE connections (
  name TEXT PRIMARY KEY,
  sealed BLOB NOT NULL,
  saved_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
