/** A table that is cut into several partitions, and as wide as rows usually are. */
export const itemsTable = 'CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, note text)';

export const items = (from: number, to: number): string =>
  `INSERT INTO items SELECT n, 'item ' || n, repeat(md5(n::text), 3) FROM generate_series(${from}, ${to}) AS n`;

export const manyItems = (rows: number): string => `${itemsTable}; ${items(1, rows)}; ANALYZE items`;
