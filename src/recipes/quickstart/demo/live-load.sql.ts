/** A table that is small enough to be truncated without a guard, and one for rows above a page. */
export const liveTables = `
  CREATE TABLE shop.baskets (id int PRIMARY KEY, article text NOT NULL);
  CREATE TABLE shop.letters (id int PRIMARY KEY, subject text NOT NULL, body text NOT NULL);
  ALTER TABLE shop.letters ALTER body SET STORAGE EXTERNAL;
  INSERT INTO shop.baskets SELECT n, 'article ' || n FROM generate_series(1, 50) n;
  INSERT INTO shop.letters SELECT n, 'subject ' || n, repeat(md5(n::text), 400) FROM generate_series(1, 200) n`;

/** What happens in a shop, again and again; `turn` makes each different. */
export const everyday = (turn: number): readonly string[] => [
  `UPDATE shop.customers SET credit = credit + 0.01, standing = 'regular' WHERE id = ${1 + ((turn * 37) % 9_000)}`,
  `INSERT INTO shop.orders (id, customer_id, placed_at, channel) VALUES (md5('live${turn}')::uuid, ${1 + (turn % 9_000)}, now(), 'live');
   INSERT INTO shop.order_lines (order_id, line, article, quantity, price) VALUES (md5('live${turn}')::uuid, 1, 'live', 1, ${turn % 100}), (md5('live${turn}')::uuid, 2, 'live', 2, 1)`,
  `DELETE FROM shop.orders WHERE id = md5('order${1_000 + turn}')::uuid`,
  `UPDATE shop.letters SET subject = 'turn ${turn}' WHERE id = ${1 + (turn % 200)}`,
  `UPDATE shop.letters SET body = repeat('${turn % 10}', 9000 + ${turn % 1000}) WHERE id = ${1 + (turn % 200)}`,
  `UPDATE shop.specimens SET a_numeric = a_numeric + 1.10, a_bigint = ${turn} WHERE id = ${1 + (turn % 900)}`,
];

/** Two customers exchange their e-mail addresses within one transaction. */
export const exchange = (a: number, b: number): string => `
  BEGIN;
  UPDATE shop.customers SET email = 'aside${a}@example.com' WHERE id = ${a};
  UPDATE shop.customers SET email = 'user${a}@example.com' WHERE id = ${b};
  UPDATE shop.customers SET email = 'user${b}@example.com' WHERE id = ${a};
  COMMIT`;

export const truncate = `BEGIN; TRUNCATE shop.baskets; INSERT INTO shop.baskets VALUES (1, 'the first after it'); COMMIT`;

/** The target refuses what the source allows. */
export const refusal = `ALTER TABLE shop.baskets ADD CONSTRAINT short CHECK (length(article) <= 30)`;
export const poison = `INSERT INTO shop.baskets VALUES (900, 'an article whose name is far too long for the target')`;
export const cure = `UPDATE shop.baskets SET article = 'a shorter name' WHERE id = 900`;

/** Ends whatever the engine has open at a server, as a network would that fails. */
export const cutConnections = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name LIKE 'lockstep%' AND pid <> pg_backend_pid()`;
