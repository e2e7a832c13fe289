import { derivedPhones } from '../mapping/phones.ts';
import { idOf } from './schemas.sql.ts';
import { ServiceProcess } from './service-process.ts';
import type { Stage } from './stage.ts';

/** What the acts of the demo work with; the engine may be another process later. */
export interface Living {
  readonly stage: Stage;
  engine: ServiceProcess;
  /** Users whose phone was derived. */
  readonly clashing: string[];
}

export const clashing = { first: 2001, second: 2002 } as const;

/** What happens while the load goes on, one a second; each says what it did. */
export const acts: readonly ((living: Living) => Promise<string>)[] = [
  async () => 'profiles are edited, users register, statuses change',
  async ({ stage }) => {
    await stage.marketplace.query(`UPDATE users SET status = 'inactive' WHERE id = '${idOf(1001)}'`);
    return 'a user becomes inactive: deactivated in the chat';
  },
  async ({ stage }) => {
    await stage.marketplace.query(`UPDATE users SET status = 'blocked' WHERE id = '${idOf(1002)}'`);
    return 'a user is blocked: deactivated too';
  },
  async (living) => {
    await living.stage.marketplace.query(
      `UPDATE users SET phone = '+1 (555) 0199' WHERE id IN ('${idOf(clashing.first)}', '${idOf(clashing.second)}')`,
    );
    living.clashing.push(idOf(clashing.second));
    return `two users have one phone: the second gets ${derivedPhones(idOf(clashing.second))[0]}, and nobody is blocked`;
  },
  async ({ stage }) => {
    await stage.chat.query(
      `INSERT INTO messages ("senderId", text) SELECT '${idOf(1003)}', 'message ' || n FROM generate_series(1, 25) n`,
    );
    await stage.marketplace.query(`DELETE FROM users WHERE id = '${idOf(1003)}'`);
    return 'a user with 25 messages is deleted: deactivated, the messages stay';
  },
  async ({ stage }) => {
    const { rows } = await stage.marketplace.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lockstep%'`,
    );
    return `the listener and all other connections to the marketplace are cut (${rows.length}): what was under way is tried again`;
  },
  async (living) => {
    living.engine.signal('SIGKILL');
    await living.engine.ended;
    living.engine = new ServiceProcess('start', living.stage);
    return '⚡ SIGKILL: the engine is gone; another is started, goes on from there, and counts from 0';
  },
  async ({ stage }) => {
    await stage.marketplace.query(`UPDATE users SET status = 'active' WHERE id = '${idOf(1001)}'`);
    return 'the inactive user is active again: deactivatedAt goes';
  },
  async ({ stage }) => {
    await stage.marketplace.query(`UPDATE users SET bio = repeat('x', 20000) WHERE id = '${idOf(1004)}'`);
    return 'a row of 20 kB, above what a notification could carry';
  },
];

/** Everyday life at the marketplace; `turn` makes each different. */
export const everyday = (turn: number): string =>
  turn % 10 === 9
    ? `INSERT INTO users (id, first_name, last_name, email, phone, status) VALUES ('${idOf(100_000 + turn)}', 'New', 'User${turn}', 'new${turn}@example.com', '+1 777 ${1_000_000 + turn}', 'active')`
    : `UPDATE users SET first_name = 'Edit${turn}', bio = 'turn ${turn}', updated_at = now() WHERE id = '${idOf(3000 + ((turn * 37) % 5000))}'`;
