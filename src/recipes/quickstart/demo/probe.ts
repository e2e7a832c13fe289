import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../demo/servers.ts';

const mostWaitMs = 10_000;

/** Commits a row at the source and looks until it is visible at the target: the latency that a user would see, looking included. */
export async function probe(source: Client, target: Client, id: number): Promise<number> {
  await source.query(`INSERT INTO shop.letters VALUES (${id}, 'probe', '')`);
  const committedAt = performance.now();
  for (;;) {
    const { rows } = await target.query(`SELECT FROM shop.letters WHERE id = ${id}`);
    const waitedMs = performance.now() - committedAt;
    if (rows.length > 0 || waitedMs > mostWaitMs) return waitedMs;
    await pause(0);
  }
}
