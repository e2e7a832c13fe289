import { copyFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { expectSameTable } from '../support/export.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { runEngine } from './engine-process.ts';
import { ask } from './world/ask.ts';
import { changeSource } from './world/change-source.ts';
import { pipeline } from './world/configuration.ts';
import { judge, lettersOf } from './world/judge.ts';
import { until } from './world/until.ts';
import { performHere } from './world/verb.ts';
import { openTemplates, openWorld, type Templates, type World } from './world/world.ts';

const timeout = 120_000;
/** In the middle of filling the first table that the engine has made. */
const midway = 'destination.append.after-commit';

let templates: Templates;
beforeAll(async () => {
  templates = await openTemplates(18);
});
afterAll(() => templates[Symbol.asyncDispose]());

test.each([midway, 'guard.raise.after', 'dead-letter.put.after'])(
  'the control store is deleted after a kill at %s (rule 4)',
  { timeout },
  async (point) => {
    await using world = await openWorld(templates);
    await expectKilled(world, point);
    await rm(world.places.store);
    await performHere(world.places, 'run');
    await judge(world.places, { heldBack: true });
  },
);

test('the control store comes back from a copy of the middle of the first pass', { timeout }, async () => {
  await using world = await openWorld(templates);
  await expectKilled(world, midway);
  await withStoreOfNow(world, async () => {
    await settle(world);
    await changeSource(world.places.source, 'since the copy');
    await performHere(world.places, 'run');
  });
  await performHere(world.places, 'run');
  await judge(world.places, { heldBack: false });
});

test('the control store comes back with letters that were cured and a guard that was approved', {
  timeout,
}, async () => {
  await using world = await openWorld(templates);
  await performHere(world.places, 'run');
  await withStoreOfNow(world, async () => {
    await cure(world);
    await settle(world);
  });
  await performHere(world.places, 'run');
  await judge(world.places, { heldBack: false });
  await using store = await openSqliteStore({ path: world.places.store });
  expect(await store.guards.list(pipeline)).toEqual([]);
});

test('a control store in PostgreSQL is dropped after a kill in the middle of the first pass (rule 4)', {
  timeout,
}, async () => {
  await using shared = await openWorld(templates);
  await using store = await createTestDatabase();
  const world = { ...shared, places: { ...shared.places, store: store.url } };
  await expectKilled(world, midway);
  await store.query('DROP SCHEMA lockstep_control CASCADE');
  await performHere(world.places, 'run');
  await judge(world.places, { heldBack: true });
});

test('a control store in PostgreSQL comes back from a copy of the middle of the first pass', {
  timeout,
}, async () => {
  await using shared = await openWorld(templates);
  await using store = await createTestDatabase();
  const world = { ...shared, places: { ...shared.places, store: store.url } };
  await expectKilled(world, midway);
  await using copy = await copyOf(store);
  await settle(world);
  await changeSource(world.places.source, 'since the copy');
  await performHere(world.places, 'run');
  await makeAnew(store, copy.name);
  await performHere(world.places, 'run');
  await judge(world.places, { heldBack: false });
});

test('the destination is made anew, as it was before the first pass, while the store remembers a pass', {
  timeout,
}, async () => {
  await using world = await openWorld(templates);
  await expectKilled(world, midway);
  await makeAnew(world.target, templates.target.name);
  await performHere(world.places, 'run');
  await judge(world.places, { heldBack: true });
});

test('the destination is made anew, empty, while the store remembers letters and a guard', {
  timeout,
}, async () => {
  await using world = await openWorld(templates);
  await performHere(world.places, 'run');
  await expectKilled(world, 'destination.keys.after');
  await makeAnew(world.target, 'template1');
  await performHere(world.places, 'run');
  const { source, target } = world.places;
  for (const table of [
    'people',
    'orders',
    'lines',
    'prices',
    'readings',
    'notes',
    'comments',
    'likes',
    'archive',
  ])
    await expectSameTable({ url: source, table: `shop.${table}` }, { url: target, table: `shop.${table}` });
  expect(await lettersOf(world.places)).toEqual(['shop.tags ["601"] mapping-failed']);
});

test('the source comes back from an older copy of itself', { timeout }, async () => {
  await using world = await openWorld(templates);
  await cure(world);
  await settle(world);
  await using older = await createTestDatabase({ template: world.source });
  for (const salt of ['a', 'b', 'c']) await changeSource(world.places.source, salt);
  await performHere(world.places, 'run');
  await changeSource(world.places.source, 'd');
  await expectKilled(world, 'destination.apply.after-commit:3');
  await makeAnew(world.source, older.name);
  await performHere(world.places, 'run');
  await judge(world.places, { heldBack: false });
});

/** Without poison: a copy that brings back poisoned what was cured and has arrived leaves the target ahead, as it should. */
const cure = ({ places }: World) =>
  ask(
    places.source,
    `UPDATE shop.notes SET body = 'cured' WHERE body = 'poison';
     UPDATE shop.tags SET label = 'mended' WHERE label = 'broken'`,
  );

async function expectKilled({ places }: World, point: string): Promise<void> {
  expect(await runEngine(places, 'run', point)).toMatchObject({ killed: true });
}

/** Until nothing is held back any more. */
async function settle({ places }: World): Promise<void> {
  for (const verb of ['run', 'approve', 'run'] as const) await performHere(places, verb);
  await judge(places, { heldBack: false });
}

/** Sets a copy of the store aside, lets time pass, and puts the copy back. */
async function withStoreOfNow({ places }: World, meanwhile: () => Promise<void>): Promise<void> {
  const aside = `${places.store}.aside`;
  await copyFile(places.store, aside);
  await meanwhile();
  await rm(places.store);
  await copyFile(aside, places.store);
}

async function makeAnew(database: TestDatabase, from: string): Promise<void> {
  await ask(database.serverUrl, `DROP DATABASE "${database.name}" WITH (FORCE)`);
  await ask(database.serverUrl, `CREATE DATABASE "${database.name}" TEMPLATE "${from}"`);
}

/** A server notices only after a moment that who was killed is gone, and copies no database that somebody uses. */
async function copyOf(store: TestDatabase): Promise<TestDatabase> {
  const others = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${store.name}'`;
  await until('nobody uses it', async () => (await ask(store.serverUrl, others)).length === 0);
  return await createTestDatabase({ template: store });
}
