import { setTimeout as pause } from 'node:timers/promises';
import type { RunResult } from '../../../index.ts';
import { lockstep, startLockstep } from './lockstep.ts';
import { tables } from './shop.sql.ts';
import type { Stage } from './stage.ts';
import type { View } from './view.ts';

/** As many as a partition of this pipeline has. */
const rowsPerPartition = 10_000;

export interface Kill {
  /** By SIGKILL, with some of the rows at the target and some not. */
  readonly inTheMiddle: boolean;
  /** Rows that had arrived. */
  readonly arrived: number;
}

/**
 * Copies, and kills the engine (SIGKILL) when about two fifths of the rows have arrived. Where the copy is faster than our looking, the
 * engine stops dead by itself once half of the partitions are in: it may not get to its end.
 */
export async function copyWithAKill(stage: Stage, view: View, rows: number): Promise<Kill> {
  view.step('lockstep run · creates the tables, copies in parallel; the process will be killed half way');
  const half = Math.max(1, Math.floor(rows / 2 / rowsPerPartition));
  const running = startLockstep(['run', 'shop'], {
    environment: { ...stage.environment, LOCKSTEP_FAILPOINT: `destination.append.after-commit:${half}` },
  });
  const state = { over: false };
  running.ended.then(
    () => {
      state.over = true;
    },
    () => {
      state.over = true;
    },
  );
  let shown = 0;
  for (;;) {
    const arrived = await countAll(stage);
    if (arrived >= shown + rows / 8) {
      view.bar('arrived', arrived, rows);
      shown = arrived;
    }
    if (arrived >= rows * 0.4 || state.over) {
      running.signal('SIGKILL');
      const { signal } = await running.ended;
      const killed = signal === 'SIGKILL';
      view.say(killed ? '⚡ SIGKILL' : '✗ it had ended before it could be killed');
      const left = await countAll(stage);
      view.bar('in target', left, rows);
      return { inTheMiddle: killed && left > 0 && left < rows, arrived: left };
    }
    await pause(10);
  }
}

/** The same command again: it goes on where the dead process stopped. */
export async function copyAgain(stage: Stage, view: View, rows: number): Promise<boolean> {
  view.step('lockstep run · the same command again: what is there is compared, what is missing copied');
  const result = await lockstep<RunResult>(['run', 'shop'], stage);
  for (const { collection, sourceRows, copied, inserted } of result.collections) {
    view.say(`${collection.padEnd(18)} ${copied + inserted} brought, ${sourceRows} compared`);
  }
  const arrived = await countAll(stage);
  view.bar('in target', arrived, rows);
  return result.result === 'equal' && arrived === rows;
}

async function countAll(stage: Stage): Promise<number> {
  let sum = 0;
  for (const table of tables) {
    const known = await stage.target.query<{ there: boolean }>(
      `SELECT to_regclass('shop.${table}') IS NOT NULL AS there`,
    );
    if (known.rows[0]?.there !== true) continue;
    const { rows } = await stage.target.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM shop.${table}`,
    );
    sum += rows[0]?.count ?? 0;
  }
  return sum;
}
