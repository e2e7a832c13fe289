import { setTimeout as delay } from 'node:timers/promises';
import type { TestDatabase } from '../../support/postgres.ts';

const pollMs = 20;
const patienceMs = 15_000;

/** Asks until the answer is true; a state that never comes is a failure, not a longer wait. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`it never came to this: ${what}`);
    await delay(pollMs);
  }
}

/** Waits until a session of ours waits for a lock in this database; its process id. */
export async function sessionWaitingForLock(db: TestDatabase): Promise<number> {
  let pid = 0;
  await until('a session of Lockstep waits for a lock', async () => {
    const { rows } = await db.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'lockstep%'`,
    );
    pid = rows[0]?.pid ?? 0;
    return pid !== 0;
  });
  return pid;
}

export async function count(db: TestDatabase, table: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
  return rows[0]?.n ?? -1;
}

/** Ends sessions of ours in this database, as an administrator would; how many. */
export async function endSessions(db: TestDatabase, condition: string): Promise<number> {
  const { rowCount } = await db.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'lockstep%' AND ${condition}`,
  );
  return rowCount ?? 0;
}
