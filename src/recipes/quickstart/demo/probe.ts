import { setTimeout as pause } from 'node:timers/promises';

/** Longer than a takeover takes. */
const mostWaitMs = 30_000;

interface Asked {
  query(statement: string): Promise<{ readonly rows: readonly unknown[] }>;
}

/**
 * Commits a row at the source and looks until it is visible at the target: the latency that a user would see, looking included. Null: it did not
 * come in its time.
 */
export async function probe(
  source: Asked,
  target: Asked,
  { id, withinMs = mostWaitMs }: { readonly id: number; readonly withinMs?: number },
): Promise<number | null> {
  await source.query(`INSERT INTO shop.letters VALUES (${id}, 'probe', '')`);
  const committedAt = performance.now();
  for (;;) {
    const { rows } = await target.query(`SELECT FROM shop.letters WHERE id = ${id}`);
    const waitedMs = performance.now() - committedAt;
    if (rows.length > 0) return waitedMs;
    if (waitedMs > withinMs) return null;
    await pause(0);
  }
}
