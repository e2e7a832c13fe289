import { createHash } from 'node:crypto';
import type { Client } from '../../demo/servers.ts';

export interface Verdict {
  readonly table: string;
  readonly rows: number;
  readonly equal: boolean;
}

/**
 * Whether both sides hold the same, judged without Lockstep's own comparing: every row of every table as text, in the order of the whole
 * text, hashed here.
 */
export async function judge(
  source: Client,
  target: Client,
  names: readonly string[],
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const table of names) {
    const [here, there] = await Promise.all([exportOf(source, table), exportOf(target, table)]);
    verdicts.push({ table, rows: here.rows, equal: here.rows === there.rows && here.hash === there.hash });
  }
  return verdicts;
}

/** Of all tables as they are now. */
export async function digests(client: Client, names: readonly string[]): Promise<readonly string[]> {
  const hashes: string[] = [];
  for (const table of names) hashes.push((await exportOf(client, table)).hash);
  return hashes;
}

async function exportOf(client: Client, table: string): Promise<{ rows: number; hash: string }> {
  const hash = createHash('sha256');
  let rows = 0;
  await client.query(
    `BEGIN; DECLARE export NO SCROLL CURSOR FOR SELECT t::text AS row FROM shop.${table} AS t ORDER BY t::text COLLATE "C"`,
  );
  for (;;) {
    const page = await client.query<{ row: string }>('FETCH 5000 FROM export');
    if (page.rows.length === 0) break;
    rows += page.rows.length;
    for (const { row } of page.rows) hash.update(row).update('\n');
  }
  await client.query('COMMIT');
  return { rows, hash: hash.digest('hex') };
}
