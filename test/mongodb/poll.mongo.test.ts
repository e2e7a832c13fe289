import { MongoClient } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { startMongo } from '../../tools/servers/mongo.ts';
import { exportDocuments } from '../support/mongo-export.ts';
import { startLive } from './live-pair.ts';
import { findingsOf, openMongoPair } from './pair.ts';

vi.setConfig({ testTimeout: 90_000 });

interface Numbered {
  readonly _id: number;
  readonly v?: unknown;
}

const settings = { collections: ['t'], create: true, guard: { maxLeavingShare: 1 } } as const;
const numbered = (count: number, from = 0): Numbered[] =>
  Array.from({ length: count }, (_, index) => ({ _id: from + index, v: 'copied' }));

const polled = (url: string, everyMs: number) =>
  ({ source: { connector: 'mongodb', url, capture: { kind: 'poll', everyMs } } }) as const;

test('a standalone server is followed by comparing: whatever changes arrives, deletes too, also what changed while nobody looked', async () => {
  await using standalone = await startMongo({ standalone: true });
  await using client = new MongoClient(standalone.url);
  const source = client.db('from');
  const t = source.collection<Numbered>('t');
  await t.insertMany(numbered(300));
  await using pair = await openMongoPair(standalone.url);
  const sides = polled(pair.sourceUrl.replace(/\/[^/?]*\?/, '/from?'), 500);
  const same = async () => {
    const [here, there] = await Promise.all([
      exportDocuments(source, 't'),
      exportDocuments(pair.target, 't'),
    ]);
    return here.join() === there.join();
  };
  {
    await using live = await startLive(pair, settings, sides);
    await live.caughtUp();
    await t.updateMany({ _id: { $lt: 20 } }, { $set: { v: 'updated' } });
    await t.insertMany(numbered(30, 1_000));
    await t.deleteMany({ _id: { $gte: 250, $lt: 300 } });
    await live.until('it is the same', same);
    await t.drop();
    await live.until('the guard holds all of it', () => live.log.all('guard.raised').length > 0);
    await t.insertMany(numbered(10));
    await live.engine.approve('it');
    await live.until('it is the same', same);
    expect(live.log.all('gap')).toEqual([]);
    await live.stop();
  }
  await t.deleteOne({ _id: 3 });
  await t.insertOne({ _id: 77 });
  await using live = await startLive(pair, settings, sides);
  await live.until('it is the same', same);
  expect(live.log.all('gap')).toEqual([]);
});

test('check says what polling does not promise, and lag is never told as nothing', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('t').insertMany(numbered(10));
  const sides = polled(pair.sourceUrl, 86_400_000);
  const engine = await pair.engine({ ...settings, mode: 'live' }, sides);
  expect(await findingsOf(engine)).toContainEqual(
    expect.objectContaining({ level: 'info', code: 'mongodb-polled', subject: 'source' }),
  );
  await using live = await startLive(pair, settings, sides);
  await live.caughtUp();
  const lags = new Set<string>();
  live.engine.events.on('lag', ({ lag }) => void lags.add(lag.kind));
  await live.until('lag is known', () => lags.has('behind'));
  expect(lags).not.toContain('inStep');
});

test('who goes over from the stream to polling, and back, is told that history is missing, and ends equal', async () => {
  await using pair = await openMongoPair();
  const t = pair.source.collection<Numbered>('t');
  await t.insertMany(numbered(100));
  const captures = [{}, polled(pair.sourceUrl, 300), {}];
  for (const [round, sides] of captures.entries()) {
    await t.updateOne({ _id: round }, { $set: { v: `before ${round}` } });
    await t.deleteOne({ _id: 90 + round });
    await using live = await startLive(pair, settings, sides);
    await live.caughtUp();
    expect(await live.same('t')).toBe(99 - round);
    expect(live.log.all('gap')).toHaveLength(round === 0 ? 0 : 1);
    await live.stop();
  }
});
