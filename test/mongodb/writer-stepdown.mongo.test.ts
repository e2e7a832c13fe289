import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { toLockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { startMongoSet } from '../../tools/servers/mongo-set.ts';
import { holding, never, pipeline } from '../conformance/writer/writer-under-test.ts';
import { countingChanges, documentsPerWindow, kindsOf, openCollection, windowOver } from './windows.ts';

interface Counted {
  readonly _id: number;
  readonly v: number;
}

test('the member that takes writes steps down and dies between and within windows: none is lost, and none done twice', async () => {
  await using servers = await startMongoSet();
  await using client = new MongoClient(servers.url);
  const db = client.db('into');
  const collection = await db.createCollection<Counted>('t');
  const url = servers.url.replace('/?', '/into?');
  await using open = await openCollection({ url });
  const { writer, target } = open;
  await using events = collection.watch([], { readConcern: { level: 'majority' } });
  await events.tryNext();

  let inserted = 0;
  let last = 0;
  /** As the engine does: the same window until it goes through, unless it turns out to have gone through. */
  const writeNext = async (): Promise<void> => {
    last += 1;
    const n = last;
    for (;;) {
      const outcome = await writer
        .applyWindow(windowOver(target, countingChanges(n), `p${n}`), holding(1))
        .catch(toLockstepError);
      if (Array.isArray(outcome)) {
        inserted += kindsOf(outcome).filter((kind) => kind === 'inserted').length;
        return;
      }
      expect(outcome).toMatchObject({ class: 'transient' });
    }
  };

  const writeUntil = async (over: Promise<unknown>): Promise<void> => {
    let isOver = false;
    const ended = over.finally(() => {
      isOver = true;
    });
    do await writeNext();
    while (!isOver);
    await ended;
  };
  await writeNext();
  for (let round = 0; round < 2; round += 1) await writeUntil(servers.stepDown());
  await writeUntil(servers.killPrimary());
  await writeNext();

  expect(await collection.countDocuments({ _id: { $lt: documentsPerWindow }, v: last })).toBe(
    documentsPerWindow,
  );
  expect(await collection.countDocuments({ _id: { $gte: documentsPerWindow } })).toBe(last);
  expect([...(await writer.positions({ pipeline, signal: never }))]).toEqual([['main', `p${last}`]]);
  // Each document of a window's own was made once: a second time would show as another event.
  const made: number[] = [];
  while (made.at(-1) !== documentsPerWindow + last) {
    const event = await events.next();
    if (event.operationType === 'insert' && event.documentKey._id > documentsPerWindow)
      made.push(event.documentKey._id);
  }
  expect(made).toEqual(Array.from({ length: last }, (_, n) => documentsPerWindow + n + 1));
  expect(inserted).toBeLessThanOrEqual(last + documentsPerWindow);
});

test('where users have to log in, each member that takes writes next is logged in to', async () => {
  await using servers = await startMongoSet({ auth: true });
  await using client = new MongoClient(servers.url);
  const collection = await client.db('into').createCollection<Counted>('t');
  const login = { user: 'ann', password: 'geheim' };
  const roles = [{ role: 'readWrite', db: 'into' }];
  await client.db('admin').command({ createUser: login.user, pwd: login.password, roles });
  await using open = await openCollection({ url: servers.urlFor(login).replace('/?', '/into?') });
  const { writer, target } = open;
  for (const n of [1, 2, 3]) {
    const window = windowOver(target, countingChanges(n), `p${n}`);
    for (;;) {
      const outcome = await writer.applyWindow(window, holding(1)).catch(toLockstepError);
      if (Array.isArray(outcome)) break;
      expect(outcome).toMatchObject({ class: 'transient' });
    }
    if (n < 3) await servers.stepDown();
  }
  expect([...(await writer.positions({ pipeline, signal: never }))]).toEqual([['main', 'p3']]);
  expect(await collection.countDocuments({ v: 3 })).toBe(documentsPerWindow + 1);
});
