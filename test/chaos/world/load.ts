import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { changeSource } from './change-source.ts';
import { largeTransaction, meters, pages, truncate } from './live-changes.ts';
import type { World } from './world.ts';

/** Writers at the source, side by side, until they are told to stop. */
export interface Load extends AsyncDisposable {
  /** Not before: a first copy compares at one moment of the source, which a truncate ends. */
  truncateFromNowOn(): void;
  /** Rejects when one of them failed. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

const pauseMs = 150;
const goodbyeMs = 5_000;
/** So many turns of its writer lie between two large transactions, each followed by a truncate half a round later. */
const turnsPerRound = 24;

export function startLoad({ places: { source } }: World, salt: string): Load {
  const over = new AbortController();
  let truncates = false;
  const writers = [
    writer(source, over.signal, (turn) => [meters(`${salt} m${turn}`)]),
    writer(source, over.signal, (turn) => [meters(`${salt} n${turn * 3}`)]),
    writer(source, over.signal, (turn) => [
      pages(`${salt} p${turn}`),
      ...bulk(`${salt} b${turn}`, truncates ? turn : -1),
    ]),
    everything(source, over.signal, salt),
  ];
  const all = Promise.all(writers);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // whoever waits hears of it
  all.catch(failed.reject);
  const stop = async (): Promise<void> => {
    over.abort();
    await all;
  };
  return {
    failed: failed.promise,
    truncateFromNowOn: () => {
      truncates = true;
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      // One that waits for a lock of an engine that stands still ends with its database, once that engine is killed.
      await Promise.race([Promise.allSettled(writers), delay(goodbyeMs, undefined, { ref: false })]);
    },
  };
}

const bulk = (salt: string, turn: number): readonly string[] => {
  if (turn % turnsPerRound === 4) return [largeTransaction(salt)];
  return turn % turnsPerRound === 4 + turnsPerRound / 2 ? [truncate(salt)] : [];
};

async function writer(
  source: string,
  over: AbortSignal,
  statements: (turn: number) => readonly string[],
): Promise<void> {
  const client = new pg.Client({ connectionString: source, application_name: 'load' });
  client.on('error', () => {}); // a lost connection is seen by the query that needs it
  await client.connect();
  try {
    for (let turn = 0; !over.aborted; turn += 1) {
      for (const statement of statements(turn)) await client.query(statement);
      await pause(over);
    }
  } finally {
    await client.end();
  }
}

/** Rows that refer to each other and exchange unique values, poison that comes and is cured. */
async function everything(source: string, over: AbortSignal, salt: string): Promise<void> {
  for (let turn = 0; !over.aborted; turn += 1) {
    await changeSource(source, `${salt} t${turn}`);
    await pause(over);
  }
}

const pause = (over: AbortSignal): Promise<unknown> =>
  delay(pauseMs, undefined, { signal: over }).catch(() => null);
