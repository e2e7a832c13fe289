import { ask } from './ask.ts';
import { changeSource } from './change-source.ts';

/** Everything that can happen at the source of a live pipeline, once, in a few transactions. */
export async function changeLiveSource(source: string, salt: string): Promise<void> {
  await changeSource(source, salt);
  await ask(source, meters(salt));
  await ask(source, pages(salt));
}

const number = (salt: string): number => [...salt].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);

/** A number is taken only by who holds the key: else the source itself would step back. */
export function meters(salt: string): string {
  const id = 1 + (number(salt) % 70);
  const holding = `SELECT pg_advisory_xact_lock(n) FROM generate_series(${id}, ${id + 5}) n`;
  const next = `nextval('shop.versions')`;
  const statements = [
    `UPDATE shop.meters SET v = ${next}, note = '${salt}' WHERE id BETWEEN ${id} AND ${id + 5}`,
    `INSERT INTO shop.meters VALUES (${id}, ${next}, repeat('x', 5000)) ON CONFLICT (id) DO UPDATE SET v = ${next}`,
    `DELETE FROM shop.meters WHERE id = ${id + 1}`,
    `DELETE FROM shop.meters WHERE id = ${id + 2}; INSERT INTO shop.meters VALUES (${id + 2}, ${next}, 'again')`,
    `UPDATE shop.meters SET v = ${next} WHERE id = ${id}`,
  ];
  return `BEGIN; ${holding}; ${statements.join('; ')}; COMMIT`;
}

/** Values above 8 kB: most updates leave them alone, and keys change too. */
export function pages(salt: string): string {
  const id = 1 + (number(salt) % 20);
  return `
    UPDATE shop.pages SET title = '${salt}' WHERE id BETWEEN ${id} AND ${id + 4};
    UPDATE shop.pages SET body = repeat(md5('${salt}'), 500) WHERE id = ${id};
    UPDATE shop.pages SET id = (SELECT max(id) + 1 FROM shop.pages) WHERE id = ${id + 1};
    INSERT INTO shop.pages SELECT min(missing), '${salt}', repeat(md5('${salt}'), 300)
      FROM generate_series(1, 30) AS missing WHERE missing NOT IN (SELECT id FROM shop.pages)`;
}

/** What is inserted with it keeps the table from being emptied, which would ask for somebody's approval. */
export const truncate = (salt: string): string => `
  BEGIN; TRUNCATE shop.logbook; INSERT INTO shop.logbook SELECT i, '${salt} ' || i FROM generate_series(1, 50) AS i; COMMIT`;

export const largeTransaction = (salt: string): string => `
  INSERT INTO shop.logbook SELECT i, '${salt} ' || i FROM generate_series(1001, 21000) AS i
    ON CONFLICT (id) DO UPDATE SET line = excluded.line`;
