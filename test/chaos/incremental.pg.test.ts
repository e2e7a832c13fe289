import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Failpoint, failpoints } from '../../src/protocol/failpoints.ts';
import { runEngine } from './engine-process.ts';
import { isFull } from './extent.ts';
import { killUntilDone } from './kill-until-done.ts';
import { reachedIn } from './lives.ts';
import { ask } from './world/ask.ts';
import { changeSource } from './world/change-source.ts';
import { emptyLikes, incrementalSource, incrementalTarget } from './world/incremental.sql.ts';
import { judge } from './world/judge.ts';
import { expectNothingLeft } from './world/left-behind.ts';
import { performHere, type Verb } from './world/verb.ts';
import { openTemplates, openWorld, type Templates, type World } from './world/world.ts';

interface Step {
  readonly before?: (world: World) => Promise<unknown>;
  readonly verb: Verb;
  readonly after?: (world: World) => Promise<void>;
}

const heal = `
  UPDATE shop.notes SET body = 'healed' WHERE code = 'poison-1';
  UPDATE shop.tags SET label = 'mended' WHERE id = 601;
  DELETE FROM shop.tags WHERE id = 1001`;

/** What passes of an incremental pipeline do once everything was copied. */
const life: readonly Step[] = [
  {
    before: ({ places }) => ask(places.source, heal),
    verb: 'run',
    after: ({ places }) => judge(places, { heldBack: true }),
  },
  { verb: 'approve' },
  { before: ({ places }) => changeSource(places.source, 'one'), verb: 'run' },
  // What was deleted only leaves with this.
  { verb: 'compare', after: ({ places }) => judge(places, { heldBack: false }) },
  {
    before: ({ places }) => ask(places.target, emptyLikes),
    verb: 'run',
    after: ({ places }) => judge(places, { heldBack: false }),
  },
];

/** Others that lie between what a pass brings and the cursor that it saves. */
const others: readonly Failpoint[] = [
  'destination.apply.after-commit',
  'destination.window.after-commit',
  'store.save.after',
  'guard.raise.after',
  'dead-letter.put.after',
  'pass.finish.after',
];
const rarely: readonly Failpoint[] = [
  'destination.apply.before-commit',
  'destination.window.before-commit',
  'store.save.before',
  'guard.raise.before',
  'dead-letter.resolve.after',
  'pass.finish.before',
  'run.end.before',
];
const all = isFull(process.env);

vi.setConfig({ maxConcurrency: 3, testTimeout: 240_000 });

let templates: Templates;
beforeAll(async () => {
  templates = await openTemplates(18);
  await ask(templates.source.url, incrementalSource);
  await ask(templates.target.url, incrementalTarget);
});
afterAll(() => templates[Symbol.asyncDispose]());

describe.concurrent('an incremental pipeline killed at a failpoint goes on as if nothing had been (rules 1, 4)', () => {
  const own = failpoints.filter((point) => reachedIn[point].lives.includes('incremental'));
  test.each([...own, ...others, ...(all ? rarely : [])])('%s', async (point) => {
    await using world = await openWorld(templates, { incremental: true });
    await performHere(world.places, 'run');
    await judge(world.places, { heldBack: true });
    let kills = 0;
    for (const step of life) {
      await step.before?.(world);
      // Each kill is paid for with a lease that has to run out.
      if (all || kills === 0) kills += await killUntilDone(world, step.verb, point);
      else await performHere(world.places, step.verb);
      await step.after?.(world);
    }
    expect(kills, `${point} is registered, and nothing reaches it`).toBeGreaterThan(0);
    await performHere(world.places, 'remove');
    await expectNothingLeft(world);
  });

  test.each(['cursor.save.before', 'cursor.save.between', 'cursor.save.after'] as const)(
    'in the first run: %s',
    async (point) => {
      await using world = await openWorld(templates, { incremental: true });
      expect(await runEngine(world.places, 'run', `${point}:3`)).toMatchObject({ killed: true });
      await ask(world.places.source, heal);
      await performHere(world.places, 'run');
      await judge(world.places, { heldBack: true });
    },
  );
});
