import type { RecipeCommandInput, RecipeCommandResult } from '../../../index.ts';
import { eventually } from '../../demo/eventually.ts';
import type { Verification } from '../commands/verify.ts';
import { expectHealthRight } from './health-states.ts';
import { idOf, people } from './schemas.sql.ts';
import { command, ServiceProcess } from './service-process.ts';
import { type Stage, setStage } from './stage.ts';

const users = 2_000;

export interface Checking {
  readonly stage: Stage;
  engine: ServiceProcess;
}

interface Line {
  readonly text: string;
  /** Throws, or answers false, where it does not hold. */
  readonly holds: (checking: Checking) => Promise<boolean>;
}

/** The contract's checklist, in its order, each line tried on real databases. */
const lines: readonly Line[] = [
  {
    text: 'starts without errors',
    holds: async ({ engine }) => {
      await engine.healthy();
      return engine.said('Sync failed') === 0;
    },
  },
  {
    text: 'initial bulk completes',
    holds: async ({ stage, engine }) =>
      engine.said('Initial bulk sync completed') === 1 && (await countOf(stage)) === users,
  },
  {
    text: 'real time activates',
    holds: async ({ stage, engine }) => {
      await rename(stage, 1, 'Real');
      await called(stage, 1, 'Real');
      return (await engine.stats())?.isRealTimeActive === true;
    },
  },
  {
    text: 'scheduled pass each interval',
    holds: async ({ engine }) => {
      const before = engine.said('Scheduled sync completed');
      await eventually('two more passes', () => engine.said('Scheduled sync completed') >= before + 2);
      return true;
    },
  },
  {
    text: 'errors reach sync_errors',
    holds: async ({ stage }) => {
      await stage.chat.query(
        `ALTER TABLE users ADD CONSTRAINT refused CHECK (name NOT LIKE 'Refused%') NOT VALID`,
      );
      await rename(stage, 2, 'Refused');
      await eventually('it is there', async () => (await openErrors(stage)) === 1);
      await rename(stage, 2, 'Taken');
      await eventually('it is resolved', async () => (await openErrors(stage)) === 0);
      return true;
    },
  },
  {
    text: "long passes don't overlap",
    holds: async ({ stage, engine }) => {
      await using holder = await stage.connectChat();
      await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      await eventually('it is told', () => engine.said('Previous sync still in progress') > 0);
      const underWay = engine.said('Scheduled sync begins') - engine.said('Scheduled sync completed');
      await holder.query('COMMIT');
      return underWay === 1;
    },
  },
  {
    text: 'recovers from a disconnect',
    holds: async ({ stage, engine }) => {
      await stage.marketplace.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lockstep%'`,
      );
      await rename(stage, 3, 'Unheard');
      await called(stage, 3, 'Unheard');
      await engine.healthy();
      return true;
    },
  },
  {
    text: 'Ctrl-C stops gracefully',
    holds: async (checking) => {
      const sentAt = performance.now();
      checking.engine.signal('SIGINT');
      const { code } = await checking.engine.ended;
      const isQuick = performance.now() - sentAt < 30_000;
      return code === 130 && isQuick && checking.engine.said('Final statistics') === 1;
    },
  },
  {
    text: 'health right in each state',
    holds: async (checking) => {
      const { stage } = checking;
      await stage.marketplace.query('ALTER TABLE users RENAME TO users_away');
      checking.engine = new ServiceProcess('start', stage);
      const { code } = await checking.engine.ended;
      await stage.marketplace.query('ALTER TABLE users_away RENAME TO users');
      await expectHealthRight(checking);
      return code === 3;
    },
  },
  {
    text: 'verify right',
    holds: async ({ stage, engine }) => {
      // Without the service nothing else mends what differs.
      engine.signal('SIGINT');
      await engine.ended;
      const before = await verification(stage);
      await stage.chat.query(
        `UPDATE users SET name = 'meddled' WHERE id = '${idOf(4)}'; DELETE FROM users WHERE id IN ('${idOf(5)}', '${idOf(6)}')`,
      );
      const drifted = await verification(stage);
      const repairing = await verification(stage, '--repair');
      const { different, missing } = drifted.users;
      const isFound = !drifted.consistent && different === 1 && missing === 2;
      const isMended = repairing.repaired?.updated === 1 && repairing.repaired.inserted === 2;
      return isEqual(before) && isFound && isMended && isEqual(await verification(stage));
    },
  },
];

const rename = ({ marketplace }: Stage, user: number, first: string) =>
  marketplace.query(`UPDATE users SET first_name = '${first}' WHERE id = '${idOf(user)}'`);

const called = ({ chat }: Stage, user: number, first: string): Promise<void> =>
  eventually(`${user} is called ${first}`, async () => {
    const { rows } = await chat.query<{ name: string }>(`SELECT name FROM users WHERE id = '${idOf(user)}'`);
    return rows[0]?.name.startsWith(first) === true;
  });

const verification = async (stage: Stage, ...options: readonly string[]): Promise<Verification> =>
  (await command('verify', stage, options)).answer['result'] as Verification;

const isEqual = ({ consistent, sourceCount, chatCount }: Verification): boolean =>
  consistent && sourceCount === users && chatCount === users;

const openErrors = async ({ chat }: Stage): Promise<number> =>
  (await chat.query('SELECT FROM sync_errors WHERE resolved = false AND user_id IS NOT NULL')).rows.length;

const countOf = async ({ chat }: Stage): Promise<number> =>
  (await chat.query<{ count: number }>('SELECT count(*)::int AS count FROM users')).rows[0]?.count ?? 0;

/** Tries every line on two servers that it starts and stops, and prints each as it is known. */
export async function checklist({ out, json, signal }: RecipeCommandInput): Promise<RecipeCommandResult> {
  await using stage = await setStage(signal);
  await stage.marketplace.query(people(1, users));
  const checking: Checking = { stage, engine: new ServiceProcess('setup', stage) };
  const result: { readonly line: string; readonly holds: boolean; readonly reason: string }[] = [];
  try {
    for (const [index, { text, holds }] of lines.entries()) {
      signal.throwIfAborted();
      const outcome = await holds(checking).then(
        (isTrue) => ({ holds: isTrue, reason: isTrue ? '' : 'it was otherwise' }),
        (thrown: unknown) => ({
          holds: false,
          reason: thrown instanceof Error ? thrown.message : String(thrown),
        }),
      );
      result.push({ line: text, ...outcome });
      if (!json)
        out(
          `${outcome.holds ? '✓' : '✗'} ${String(index + 1).padStart(2)} ${text}${outcome.reason === '' ? '' : `: ${outcome.reason}`}`,
        );
    }
  } finally {
    checking.engine.signal('SIGKILL');
    await checking.engine.ended;
  }
  return { exit: result.every((line) => line.holds) ? 'ok' : 'failed', data: { result }, text: [] };
}
