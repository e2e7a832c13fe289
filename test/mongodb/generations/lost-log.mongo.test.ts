import { BSON } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { logTime } from '../../../src/connectors/mongodb/reader/not-before.ts';
import type { Chunk } from '../../../src/protocol/chunk.ts';
import { startMongo } from '../../../tools/servers/mongo.ts';
import { holding, never, pipeline } from '../../conformance/writer/writer-under-test.ts';
import { createMongoDatabase } from '../../support/mongo.ts';
import { overwriteLog, smallLog } from '../log.ts';
import { openMongoPair } from '../pair.ts';
import { openCollection } from '../windows.ts';
import { numbered, put } from './swapping.ts';

vi.setConfig({ testTimeout: 90_000 });

test('a copy that is older than the server’s log can’t be brought in, and that is said at once', async () => {
  await using server = await startMongo(smallLog);
  await using pair = await openMongoPair(undefined, server.url);
  await put(pair.source, 't', numbered(10, 'new'));
  await put(pair.target, 't', numbered(6_000, 'old'));
  const engine = await pair.engine({ collections: { t: { scope: 'all' } } });
  expect(await engine.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 5_990 }] });
  await overwriteLog(pair.target.client);
  await expect(engine.promoteGeneration('it')).rejects.toMatchObject({
    code: 'generation-unfit',
    message: expect.stringContaining('does not reach back'),
  });
  expect(await pair.target.collection('t').countDocuments()).toBe(6_000);
});

test.each(['promoting', 'rolling-back'])(
  'what was left %s is ended by the next owner, though the log no longer tells who wrote beside',
  async (state) => {
    await using server = await startMongo(smallLog);
    await using database = await createMongoDatabase({ serverUrl: server.url });
    await put(database.db, 't', numbered(30, 'old'));
    await using older = await openCollection(database);
    const { generations } = older.writer;
    const options = holding(1);
    const staging = await generations.begin({ ...options, readAtMs: 1, positions: null });
    await staging.join(older.target, options);
    await staging.fill(older.target, documents('new'), { ...options, keepsFormer: true });
    const { id } = await staging.seal({ ...options, targets: [older.target], held: null });
    const quietSince = await logTime(older.destination.deployment, { signal: never });
    await generations.promote(id, [older.target], options);
    // As from an owner that died right behind its renames.
    const journal = database.db.collection('lockstep_state');
    await journal.updateOne({ '_id.kind': 'generation' }, { $set: { state, quietSince } });
    await overwriteLog(database.db.client);
    const notices: string[] = [];
    await using newer = await openCollection(database, 't', {
      scope: { kind: 'all' },
      fence: 2,
      notice: ({ message }) => notices.push(message),
    });
    const [record] = await newer.writer.generations.list({ pipeline, signal: never });
    expect(record?.state).toBe(state === 'promoting' ? 'promoted' : 'rolled-back');
    expect(notices).toEqual([expect.stringMatching(/to t between the last check.*can’t be told/)]);
    const word = state === 'promoting' ? /^new/ : /^old/;
    expect(await database.db.collection('t').countDocuments({ v: word })).toBe(
      state === 'promoting' ? 20 : 30,
    );
  },
);

async function* documents(v: string): AsyncGenerator<Chunk> {
  const all = numbered(20, v).map((document) => BSON.serialize(document));
  yield { format: 'bson', bytes: Buffer.concat(all), rowCount: all.length };
}
