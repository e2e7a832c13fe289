import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ControlStore } from '../../src/protocol/control-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { collectKeys } from '../conformance/control-store/store-under-test.ts';
import { StoreDirectory } from './sqlite-fixture.ts';
import { type StoreTask, startStoreProcess } from './store-process.ts';

const saveKills = 30;
const raiseKills = 8;

describe('a process that is killed while it writes', () => {
  test('has lost nothing that was acknowledged, and nothing is half saved', {
    timeout: 120_000,
  }, async () => {
    using directory = new StoreDirectory();
    for (let kill = 0; kill < saveKills; kill += 1) {
      const acknowledged = await killWhileWriting('save', directory.file, { upToMs: 150 });
      const [left, right] = await readBoth(directory.file);
      expect(left).toBe(right);
      // One more may have been committed whose line was not printed any more.
      expect(left).toBeGreaterThanOrEqual(acknowledged);
      expect(left).toBeLessThanOrEqual(acknowledged + 1);
    }
  });

  test('leaves the earlier decision of a guard or the next, each with all of its keys', {
    timeout: 120_000,
  }, async () => {
    using directory = new StoreDirectory();
    for (let kill = 0; kill < raiseKills; kill += 1) {
      const acknowledged = await killWhileWriting('raise', directory.file, { upToMs: 300 });
      await using store = await openSqliteStore({ path: directory.file });
      const [guard] = await store.guards.list('shop');
      const total = guard?.total ?? 0;
      expect([acknowledged, acknowledged + 1]).toContain(total);
      const keys = await collectKeys(store.guards.keys('shop', 'users'));
      expect(keys).toHaveLength(20_000);
      expect(keys.every((key) => key.startsWith(`["${total}",`))).toBe(true);
    }
  });
});

/** Kills it at a random moment after its first acknowledgement; returns the last one that it printed. */
async function killWhileWriting(task: StoreTask, file: string, options: { upToMs: number }): Promise<number> {
  const { child, lines } = startStoreProcess(task, file);
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

async function readBoth(file: string): Promise<readonly [unknown, unknown]> {
  await using store = await openSqliteStore({ path: file });
  const read = (from: ControlStore, name: string) => from.checkpoints.get('shop', 'pass', name);
  return [await read(store, 'left'), await read(store, 'right')];
}
