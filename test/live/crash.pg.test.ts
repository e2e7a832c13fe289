import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLiveStatus } from '../../src/service/pipeline/live-status.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { EngineProcess, runEngine } from '../chaos/engine-process.ts';
import { KeptEngine } from '../chaos/kept-engine.ts';
import { ask } from '../chaos/world/ask.ts';
import { pipeline } from '../chaos/world/configuration.ts';
import { lettersOf } from '../chaos/world/judge.ts';
import { changeLiveSource, truncate } from '../chaos/world/live-changes.ts';
import { allowPages, refusePages } from '../chaos/world/live-tables.sql.ts';
import {
  inStep,
  openLiveTemplates,
  openLiveWorld,
  steppedBack,
  watchFromNowOn,
} from '../chaos/world/live-world.ts';
import { until } from '../chaos/world/until.ts';
import { performHere } from '../chaos/world/verb.ts';
import type { Templates, World } from '../chaos/world/world.ts';

const timeout = 180_000;

let templates: Templates;
beforeAll(async () => {
  templates = await openLiveTemplates(17);
});
afterAll(() => templates[Symbol.asyncDispose]());

describe.each(['logical', 'triggers'] as const)(
  'killed and started again, with %s (rule 1, L2)',
  (capture) => {
    test.each([
      ['in the middle of the first copy', 'destination.append.after-commit:3'],
      ['between the first copy and its position', 'pass.finish.after:1'],
      ['before the first position is durable', 'destination.window.before-commit:1'],
      ['between the first position and what the store knows of it', 'destination.window.after-commit:1'],
      ['while it catches up', 'acknowledge.before:2'],
    ])('killed %s, it goes on from where the copy began', { timeout }, async (_moment, point) => {
      await using world = await openLiveWorld(templates, capture);
      await expectKilled(world, point);
      await changeLiveSource(world.places.source, 'meanwhile');
      await ask(world.places.source, `DELETE FROM shop.lines WHERE article LIKE 'article 1_'`);
      await using engine = new KeptEngine(world.places);
      await inStep(world, { heldBack: true }, { alive: engine.alive });
      expect(engine.kills).toBe(0);
    });

    test('a collection that the first copy could not fill is still stopped after a kill', {
      timeout,
    }, async () => {
      await using world = await openLiveWorld(templates, capture);
      await ask(world.places.target, refusePages);
      await expectKilled(world, 'collection.stop.before:1');
      await ask(world.places.target, allowPages);
      await using engine = new KeptEngine(world.places);
      await inStep(world, { heldBack: true }, { alive: engine.alive });
    });

    test('a walk that was under way when the process died is walked to its end', { timeout }, async () => {
      await using world = await openLiveWorld(templates, capture);
      await untilReady(world);
      await ask(
        world.places.target,
        `DELETE FROM shop.logbook WHERE id > 20; UPDATE shop.orders SET total = 0; DELETE FROM shop.lines WHERE line = 1`,
      );
      {
        await using engine = new EngineProcess(world.places, 'start', 'destination.window.after-commit:2');
        await engine.go();
        await engine.waitForStatus('live');
        await runEngine(world.places, 'resync', 'request.ask.after:1');
        expect(await engine.end()).toMatchObject({ killed: true });
      }
      await using engine = new KeptEngine(world.places);
      await inStep(world, { heldBack: false }, { alive: engine.alive });
    });

    test.each([
      'destination.window.before-commit:1',
      'destination.window.after-commit:1',
      'acknowledge.before:1',
    ])('rows whose keys change take along what is theirs, killed at %s', { timeout }, async (point) => {
      await using world = await openLiveWorld(templates, capture);
      await untilReady(world);
      await ask(world.places.target, visitsOfPages);
      const change = (id: number, to: number): string => `UPDATE shop.pages SET id = ${to} WHERE id = ${id}`;
      await ask(
        world.places.source,
        `BEGIN; ${change(1, 0)}; ${change(2, 1)}; ${change(0, 2)}; COMMIT; ${change(3, 300)}; ${change(4, 3)}`,
      );
      await expectKilled(world, point);
      await using engine = new KeptEngine(world.places);
      await inStep(world, { heldBack: false }, { alive: engine.alive });
      const visits = await ask(world.places.target, 'SELECT page FROM witness.visits ORDER BY id');
      expect(visits).toEqual([2, 1, 300, 3, 5].map((page) => ({ page })));
    });

    test.each(['walk.note.before:1', 'walk.note.after:1'])(
      'killed at a truncate, at %s, it walks nevertheless',
      { timeout },
      async (point) => {
        await using world = await openLiveWorld(templates, capture);
        await untilReady(world);
        await liveUntilKilled(world, point, async () => {
          await ask(world.places.source, truncate('cut'));
          await changeLiveSource(world.places.source, 'after');
        });
        await using engine = new KeptEngine(world.places);
        await inStep(world, { heldBack: false }, { alive: engine.alive });
        expect(await steppedBack(world)).toEqual([]);
      },
    );

    test('a truncate that the position has passed is walked by the next process', { timeout }, async () => {
      await using world = await openLiveWorld(templates, capture);
      await untilReady(world);
      const client = await world.target.connect();
      {
        await using engine = new EngineProcess(world.places, 'start');
        await engine.go();
        await engine.waitForStatus('live');
        await client.query('BEGIN; LOCK TABLE shop.logbook IN ACCESS EXCLUSIVE MODE');
        await ask(world.places.source, 'TRUNCATE shop.logbook');
        await changeLiveSource(world.places.source, 'after');
        const hasPassed = async () =>
          (await ask(world.places.target, `SELECT 1 FROM shop.notes WHERE code = 'after'`)).length > 0;
        await until('what came after the truncate is there', hasPassed);
        await engine.kill();
      }
      await client.query('COMMIT');
      await ask(
        world.places.source,
        `INSERT INTO shop.logbook SELECT i, 'again' FROM generate_series(1, 50) AS i`,
      );
      await using engine = new KeptEngine(world.places);
      await inStep(world, { heldBack: false }, { alive: engine.alive });
    });

    test.each(['walk.note.before:1', 'walk.note.after:1', 'walk.note.after:5'])(
      'killed at a gap, at %s, it walks everything nevertheless',
      { timeout },
      async (point) => {
        await using world = await openLiveWorld(templates, capture);
        await untilReady(world);
        await makeGap(world, capture);
        await expectKilled(world, point);
        await using engine = new KeptEngine(world.places);
        await inStep(world, { heldBack: false }, { alive: engine.alive });
      },
    );

    test('a pause outlives kills of both who asks and who pauses', { timeout }, async () => {
      await using world = await openLiveWorld(templates, capture);
      await untilReady(world);
      await using engine = new KeptEngine(world.places);
      await engine.current.waitForStatus('live');
      expect(await runEngine(world.places, 'pause', 'request.pause.after')).toMatchObject({ killed: true });
      await engine.current.waitForStatus('paused');
      await ask(world.places.source, `UPDATE shop.prices SET amount = 4711 WHERE id = 5`);
      await engine.current.kill();
      const isPaused = () => engine.kills === 1 && engine.current.said.includes('"status":"paused"');
      await until('the next process is paused', isPaused, { alive: engine.alive });
      // Paused is paused: what it must not do it would have done by then.
      await until('it has told of itself twice since', toldTwiceSince(world, Date.now()), {
        alive: engine.alive,
      });
      expect(await priceAt(world.places.target)).not.toBe(4711);
      await performHere(world.places, 'resume');
      await inStep(world, { heldBack: false }, { alive: engine.alive });
      expect(await priceAt(world.places.target)).toBe(4711);
    });

    test.each(['dead-letter.put.before:1', 'dead-letter.put.after:1'])(
      'a key that somebody else holds has its letter, killed at %s',
      { timeout },
      async (point) => {
        await using world = await openLiveWorld(templates, capture);
        await untilReady(world);
        await liveUntilKilled(world, point, () =>
          ask(world.places.source, `INSERT INTO shop.tags VALUES (1005, 'ours too')`),
        );
        await using engine = new KeptEngine(world.places);
        await inStep(world, { heldBack: false }, { alive: engine.alive });
        expect(await lettersOf(world.places)).toContain('shop.tags ["1005"] key-clash');
      },
    );
  },
);

/** Rows that only the target has, and that would go with the pages that they refer to. */
const visitsOfPages = `CREATE TABLE witness.visits (id int PRIMARY KEY, page int NOT NULL REFERENCES shop.pages ON DELETE CASCADE ON UPDATE CASCADE);
  INSERT INTO witness.visits SELECT n, n FROM generate_series(1, 5) n`;

async function expectKilled({ places }: World, point: string): Promise<void> {
  const end = await runEngine(places, 'start', point);
  expect(end.killed, `${point}: ${end.error} ${end.message}`).toBe(true);
}

/** The first copy is done, nothing is held back, and nobody runs. No letters that a start would try again. */
async function untilReady(world: World): Promise<void> {
  const { places } = world;
  await ask(
    places.source,
    `UPDATE shop.notes SET body = 'well' WHERE body = 'poison';
     DELETE FROM shop.tags WHERE id > 600`,
  );
  await using engine = new KeptEngine(places);
  await inStep(world, { heldBack: true }, { alive: engine.alive });
  await performHere(places, 'approve');
  await inStep(world, { heldBack: false }, { alive: engine.alive });
  await watchFromNowOn(world);
  await engine.stop();
}

/** An engine that is live, to which something happens of which it dies at a failpoint. */
async function liveUntilKilled(world: World, point: string, act: () => Promise<unknown>): Promise<void> {
  await using engine = new EngineProcess(world.places, 'start', point);
  await engine.go();
  await engine.waitForStatus('live');
  await act();
  expect(await engine.end()).toMatchObject({ killed: true });
}

/** History of everything is lost, and not all of it was seen. */
async function makeGap({ places }: World, capture: 'logical' | 'triggers'): Promise<void> {
  const { source, target } = places;
  if (capture === 'logical')
    await ask(
      source,
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()',
    );
  await changeLiveSource(source, 'unseen');
  if (capture === 'triggers') await ask(target, 'UPDATE lockstep.state SET position = NULL');
}

/** An engine tells about once a second how it is, paused or not. */
function toldTwiceSince({ places: { store: path } }: World, sinceMs: number): () => Promise<boolean> {
  const told = new Set<number>();
  return async () => {
    await using store = await openSqliteStore({ path });
    const status = await readLiveStatus(store, pipeline);
    if (status !== null && status.savedAtMs > sinceMs) told.add(status.savedAtMs);
    return told.size >= 2;
  };
}

async function priceAt(url: string): Promise<number> {
  const [row] = await ask<{ amount: string }>(url, 'SELECT amount FROM shop.prices WHERE id = 5');
  return Number(row?.amount);
}
