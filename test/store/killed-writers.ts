import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openStore } from '../chaos/world/open-store.ts';
import { collectKeys } from '../conformance/control-store/store-under-test.ts';
import { type StoreTask, startStoreProcess } from './store-process.ts';

export interface KilledWriters {
  readonly saveKills: number;
  readonly raiseKills: number;
  /** A place for a store, and the end of it. */
  readonly makePlace: () => Promise<AsyncDisposable & { readonly place: string }>;
}

const timeout = 120_000;

/** What holds of any store whose writer is killed at a random moment, again and again. */
export function testKilledWriters({ saveKills, raiseKills, makePlace }: KilledWriters): void {
  test('has lost nothing that was acknowledged, and nothing is half saved', { timeout }, async () => {
    await using made = await makePlace();
    for (let kill = 0; kill < saveKills; kill += 1) {
      const acknowledged = await killWhileWriting('save', made.place, { upToMs: 150 });
      const [left, right] = await readBoth(made.place);
      expect(left).toBe(right);
      // One more may have been committed whose line was not printed any more.
      expect(left).toBeGreaterThanOrEqual(acknowledged);
      expect(left).toBeLessThanOrEqual(acknowledged + 1);
    }
  });

  test('leaves the earlier decision of a guard or the next, each with all of its keys', {
    timeout,
  }, async () => {
    await using made = await makePlace();
    for (let kill = 0; kill < raiseKills; kill += 1) {
      const acknowledged = await killWhileWriting('raise', made.place, { upToMs: 300 });
      await using store = await openStore(made.place);
      const [guard] = await store.guards.list('shop');
      const total = guard?.total ?? 0;
      expect([acknowledged, acknowledged + 1]).toContain(total);
      const keys = await collectKeys(store.guards.keys('shop', 'users'));
      expect(keys).toHaveLength(20_000);
      expect(keys.every((key) => key.startsWith(`["${total}",`))).toBe(true);
    }
  });
}

/** Kills it at a random moment after its first acknowledgement; returns the last one that it printed. */
async function killWhileWriting(
  task: StoreTask,
  place: string,
  options: { upToMs: number },
): Promise<number> {
  const { child, lines } = startStoreProcess(task, place);
  const ended = once(child, 'exit');
  let last = 0;
  let killing: Promise<void> | undefined;
  for await (const line of lines) {
    last = Number(line);
    killing ??= delay(Math.random() * options.upToMs).then(() => void child.kill('SIGKILL'));
  }
  await killing;
  await ended;
  return last;
}

/** At one moment: a server may still end what the killed process has sent. */
async function readBoth(place: string): Promise<readonly [unknown, unknown]> {
  await using store = await openStore(place);
  const entries = new Map(
    (await store.checkpoints.list('shop', 'pass')).map(({ name, value }) => [name, value]),
  );
  return [entries.get('left'), entries.get('right')];
}
