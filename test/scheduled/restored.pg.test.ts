import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { ask } from '../chaos/world/ask.ts';
import { until } from '../chaos/world/until.ts';
import { eventually, openShop, type Service, type Shop, settled } from '../service/alerts/shop.ts';
import { expectSameTable } from '../support/export.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

vi.setConfig({ testTimeout: 300_000 });

/** Puts a copy back that is taken now. */
type Restore = () => Promise<void>;

interface World extends AsyncDisposable {
  readonly shop: Shop;
  /** While nobody uses it. */
  copyStore(): Promise<Restore>;
}

const options = {
  rules: { deadLetters: true },
  mode: 'full',
  settings: { schedule: { every: '1s' }, create: false },
} as const;

async function inFile(): Promise<World> {
  const shop = await openShop(options);
  const file = join(shop.directory.path, '.lockstep', 'lockstep.db');
  const copyStore = async (): Promise<Restore> => {
    await copyFile(file, `${file}.copy`);
    return async () => {
      for (const rest of ['', '-wal', '-shm']) await rm(file + rest, { force: true });
      await copyFile(`${file}.copy`, file);
    };
  };
  return { shop, copyStore, [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]() };
}

async function inPostgres(): Promise<World> {
  await using opened = new AsyncDisposableStack();
  const store = opened.use(await createTestDatabase());
  const shop = opened.use(await openShop({ ...options, store: store.url }));
  const kept = opened.move();
  const copyStore = async (): Promise<Restore> => {
    await unused(store);
    const copy = kept.use(await createTestDatabase({ template: store }));
    return async () => {
      await ask(store.serverUrl, `DROP DATABASE "${store.name}" WITH (FORCE)`);
      await ask(store.serverUrl, `CREATE DATABASE "${store.name}" TEMPLATE "${copy.name}"`);
    };
  };
  return { shop, copyStore, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** A server copies no database that somebody uses. */
const unused = (store: TestDatabase): Promise<void> =>
  until('nobody uses it', async () => {
    const others = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${store.name}'`;
    return (await ask(store.serverUrl, others)).length === 0;
  });

interface Run {
  readonly dueAtMs: number | null;
  readonly result: string;
}

async function runsOf(service: Service): Promise<readonly Run[]> {
  const { runs }: { runs: readonly Run[] } = Object(await service.ask('pipelines/shop/runs'));
  return runs;
}

/** So many more runs have ended. */
async function moreRuns(service: Service): Promise<void> {
  const newest = (await runsOf(service))[0]?.dueAtMs ?? 0;
  await eventually(async () => {
    const since = (await runsOf(service)).filter(({ dueAtMs }) => (dueAtMs ?? 0) > newest);
    return since.filter(({ result }) => result !== 'running').length;
  }).toBeGreaterThan(1);
}

const poison = `INSERT INTO orders VALUES (900, 'poison')`;
const cure = `UPDATE orders SET note = 'cured' WHERE id = 900`;

async function prepared({ shop }: World): Promise<void> {
  await shop.target.query(`CREATE TABLE orders (id int PRIMARY KEY, note text CHECK (note <> 'poison'))`);
}

async function expectSameAndServedOnce({ shop }: World, service: Service): Promise<void> {
  await expectSameTable({ url: shop.source.url, table: 'orders' }, { url: shop.target.url, table: 'orders' });
  const served = (await runsOf(service)).flatMap(({ dueAtMs }) => dueAtMs ?? []);
  expect(new Set(served).size).toBe(served.length);
  expect(await service.ask('pipelines/shop/dead-letters')).toMatchObject({ letters: [] });
}

describe.each([
  ['a file', inFile],
  ['PostgreSQL', inPostgres],
] as const)('a control store in %s comes back from an older copy', (_, open) => {
  test('of a time when an alert fired that is over: what is over is told again under the same id, and nothing fires', async () => {
    await using world = await open();
    const { shop } = world;
    await prepared(world);
    await shop.source.query(poison);
    {
      await using service = await shop.begin();
      await settled(service, 'deadLetters');
      await service.stop();
    }
    const restore = await world.copyStore();
    {
      await using service = await shop.begin();
      await shop.source.query(cure);
      await settled(service, null);
      await moreRuns(service);
      await service.stop();
    }
    await restore();
    await using service = await shop.begin();
    await settled(service, null);
    await moreRuns(service);
    await expectSameAndServedOnce(world, service);
    await service.stop();
    expect(shop.told()).toEqual(['deadLetters firing', 'deadLetters resolved', 'deadLetters resolved']);
    const ids = shop.pager.taken.map(({ body }) => body['id']);
    expect(ids[2]).toBe(ids[1]);
  });

  test('of a time before an alert that fires now: it is told once more, its letter is put again, and once it is over', async () => {
    await using world = await open();
    const { shop } = world;
    await prepared(world);
    {
      await using service = await shop.start();
      await moreRuns(service);
      await service.stop();
    }
    const restore = await world.copyStore();
    {
      await using service = await shop.begin();
      await shop.source.query(poison);
      await settled(service, 'deadLetters');
      await service.stop();
    }
    await restore();
    await using service = await shop.begin();
    await settled(service, 'deadLetters');
    await moreRuns(service);
    expect(shop.told()).toEqual(['deadLetters firing', 'deadLetters firing']);
    await shop.source.query(cure);
    await eventually(shop.told).toEqual(['deadLetters firing', 'deadLetters firing', 'deadLetters resolved']);
    await moreRuns(service);
    await expectSameAndServedOnce(world, service);
    await service.stop();
    expect(shop.told()).toHaveLength(3);
  });
});
