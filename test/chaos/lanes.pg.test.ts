import { expect, test, vi } from 'vitest';
import { isFull } from './extent.ts';
import { KeptEngine } from './kept-engine.ts';
import { ask } from './world/ask.ts';
import type { Capture } from './world/configuration.ts';
import { inStep, openLiveTemplates, openLiveWorld, steppedBack, watchFromNowOn } from './world/live-world.ts';
import { until } from './world/until.ts';
import { performHere } from './world/verb.ts';
import { expectOneWriterAtATime } from './world/witness.ts';

vi.setConfig({ testTimeout: 240_000 });

/** Where one process after the other dies: one lane is done and others are not, or all are and the position is not. */
const deaths = [
  'stream.lane.after:1',
  'stream.lanes.before-position:1',
  'stream.lane.after:2',
  'destination.window.after-commit:5',
  'stream.lane.after:8',
  'stream.lanes.before-position:4',
  ...(isFull(process.env)
    ? ['stream.lane.after:3', 'stream.lane.after:13', 'stream.lanes.before-position:9']
    : []),
];

/** Wide transactions over the same keys, children with their parents, and both of them leaving again. */
const wide = (salt: number): string => `
  BEGIN;
  INSERT INTO shop.meters SELECT i, nextval('shop.versions'), 'lane' FROM generate_series(1001, 1900) AS i
    ON CONFLICT (id) DO UPDATE SET v = nextval('shop.versions');
  INSERT INTO shop.orders SELECT md5('${salt} ' || i)::uuid, 10000 + ${salt} * 500 + i, 1 + i % 100, i, now()
    FROM generate_series(1, 300) AS i ON CONFLICT DO NOTHING;
  INSERT INTO shop.lines SELECT md5('${salt} ' || i)::uuid, 1, 'article' FROM generate_series(1, 300) AS i ON CONFLICT DO NOTHING;
  DELETE FROM shop.orders WHERE id IN (SELECT md5('${salt - 2} ' || i)::uuid FROM generate_series(1, 300) AS i);
  UPDATE shop.meters SET v = nextval('shop.versions') WHERE id BETWEEN 1001 AND 1400;
  COMMIT`;

test.each(['logical', 'triggers'] as const satisfies readonly Capture[])(
  'killed while lanes write, with %s, nothing is lost, undone or brought back (rules 1, 4)',
  async (capture) => {
    await using templates = await openLiveTemplates(capture === 'logical' ? 18 : 17);
    await using world = await openLiveWorld(templates, capture, { lanes: 3 });
    await using engine = new KeptEngine(world.places, { failpoints: deaths });
    await inStep(world, { heldBack: true }, { alive: engine.alive });
    await performHere(world.places, 'approve');
    await watchFromNowOn(world);
    let salt = 0;
    await until(
      'it died at every place',
      async () => {
        for (const next of [1, 2, 3, 4]) await ask(world.places.source, wide(salt + next));
        salt += 4;
        return engine.kills === deaths.length;
      },
      { alive: engine.alive, patienceMs: 180_000 },
    );
    await inStep(world, { heldBack: false }, { alive: engine.alive });
    expect(await steppedBack(world), 'what came after something newer').toEqual([]);
    expect(engine.gaps, 'history that was acknowledged too early').toEqual([]);
    await expectOneWriterAtATime(world.places.target);
    await engine.stop();
  },
);
