import { eventually } from '../../demo/eventually.ts';
import type { Checks, HealthStatus } from '../health.ts';
import { idOf } from './schemas.sql.ts';
import { command, ServiceProcess } from './service-process.ts';
import type { Stage } from './stage.ts';

interface Watched {
  readonly stage: Stage;
  engine: ServiceProcess;
}

/** The service is brought into a state, and out of it again. */
interface State {
  readonly name: string;
  /** These checks, and no others. */
  readonly fails: readonly (keyof Checks)[];
  readonly enter: (watched: Watched) => Promise<void>;
  readonly leave: (watched: Watched) => Promise<void>;
}

const portOfNobody = '1';

/** Each of the four checks fails in one of them. */
const states: readonly State[] = [
  {
    name: 'the chat was never reached',
    fails: ['realtimeSyncActive', 'scheduledSyncActive', 'recentSyncSuccess'],
    enter: async (watched) => {
      const environment = { ...watched.stage.environment, CHAT_DB_PORT: portOfNobody };
      await restart(watched, { ...watched.stage, environment });
    },
    leave: (watched) => restart(watched, watched.stage),
  },
  {
    name: 'it is paused for two intervals',
    fails: ['realtimeSyncActive', 'scheduledSyncActive'],
    enter: async ({ stage }) => void (await command('pause', stage)),
    leave: async ({ stage }) => void (await command('resume', stage)),
  },
  {
    name: 'one user in four is refused by the chat',
    fails: ['lowErrorRate'],
    enter: async ({ stage }) => {
      await stage.chat.query(
        `ALTER TABLE users ADD CONSTRAINT spoilt CHECK (name NOT LIKE 'Spoilt%') NOT VALID`,
      );
      await renameMany(stage, 'Spoilt');
    },
    leave: async (watched) => {
      await renameMany(watched.stage, 'Mended');
      await eventually('they are mended', async () => (await countMended(watched.stage)) === spoilt.count);
    },
  },
];

const spoilt = { from: 1_001, to: 1_500, count: 500 } as const;

const renameMany = ({ marketplace }: Stage, first: string) =>
  marketplace.query(
    `UPDATE users SET first_name = '${first}' WHERE id BETWEEN '${idOf(spoilt.from)}' AND '${idOf(spoilt.to)}'`,
  );

const countMended = async ({ chat }: Stage): Promise<number> =>
  (await chat.query(`SELECT FROM users WHERE name LIKE 'Mended%'`)).rows.length;

async function restart(watched: Watched, surroundings: Stage): Promise<void> {
  watched.engine.signal('SIGTERM');
  await watched.engine.ended;
  watched.engine = new ServiceProcess('start', surroundings);
}

/** In each state /health is red for its checks alone, and it is green again after it. Throws what was otherwise. */
export async function expectHealthRight(watched: Watched): Promise<void> {
  watched.engine = new ServiceProcess('start', watched.stage);
  await watched.engine.healthy();
  for (const { name, fails, enter, leave } of states) {
    await enter(watched);
    let found = '';
    await eventually(
      `${name}: it is red for ${fails.join()}`,
      async () => {
        found = (await failing(watched.engine)).join();
        return found === fails.join();
      },
      () => `but for ${found}`,
    );
    await leave(watched);
    await watched.engine.healthy();
  }
}

/** Nothing while it does not answer, and when it is green. */
async function failing(engine: ServiceProcess): Promise<readonly string[]> {
  const { code, text } = await engine.get('/health');
  if (code !== 503) return [];
  const { checks }: HealthStatus = JSON.parse(text);
  return Object.entries(checks).flatMap(([check, holds]) => (holds ? [] : [check]));
}
