import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Failpoint, failpoints } from '../../src/protocol/failpoints.ts';
import { tableDigest } from '../support/export.ts';
import { killUntilDone } from './kill-until-done.ts';
import { reachedIn } from './lives.ts';
import { ask } from './world/ask.ts';
import { changeSource } from './world/change-source.ts';
import { judge } from './world/judge.ts';
import { expectNothingLeft } from './world/left-behind.ts';
import { performHere, type Verb } from './world/verb.ts';
import { openTemplates, openWorld, type Templates, type World } from './world/world.ts';

/** Without those in which something is poison: a row that had a letter is written by itself, and is no part of a generation. */
const tables = ['people', 'orders', 'lines', 'prices', 'likes', 'archive'];

const stateOf = ({ places }: World): Promise<readonly unknown[]> =>
  Promise.all(tables.map((table) => tableDigest({ url: places.target, table: `shop.${table}` })));

interface Step {
  readonly verb: Verb;
  readonly before?: (world: World) => Promise<unknown>;
  readonly after?: (world: World, memory: Memory) => Promise<unknown>;
}

/** What the target was before the generation that is taken back. */
interface Memory {
  before: readonly unknown[];
}

const isEqual = ({ places }: World) => judge(places, { heldBack: false });

const begin: Step = { verb: 'run', after: isEqual };
const end: Step = { verb: 'remove', after: expectNothingLeft };

/** A first run over drifted targets, which has all that a run does. */
const short: readonly Step[] = [begin, end];

/** All tables have rows by then, so new poison, and what refers to it, is part of what is to come in. */
const refresh: Step = {
  before: ({ places }) => changeSource(places.source, 'one'),
  verb: 'run',
  after: isEqual,
};

/** A second run, whose generation the destination refuses rows of. */
const refused: readonly Step[] = [begin, refresh, end];

/** One that completes references besides, a refresh that is taken back and brought in again. */
const long: readonly Step[] = [
  begin,
  {
    before: async ({ places }) => {
      await changeSource(places.source, 'zero');
      // A table that we made refers to it, and gets its foreign key once it is well: what is taken back must fit under that.
      await ask(places.source, `UPDATE shop.notes SET body = 'cured' WHERE code = 'poison-1'`);
    },
    verb: 'run',
    after: async (world, memory) => {
      await isEqual(world);
      memory.before = await stateOf(world);
    },
  },
  refresh,
  {
    verb: 'rollback',
    after: async (world, memory) => expect(await stateOf(world)).toEqual(memory.before),
  },
  { verb: 'resume' },
  { verb: 'run', after: isEqual },
  { verb: 'discard' },
  end,
];

function stepsOf(point: Failpoint): readonly Step[] {
  const { lives, by } = reachedIn[point];
  if (lives.includes('refused')) return refused;
  return by === 'start' || by === 'run' ? short : long;
}

vi.setConfig({ maxConcurrency: 3, testTimeout: 120_000 });

let templates: Templates;
beforeAll(async () => {
  templates = await openTemplates(18);
});
afterAll(() => templates[Symbol.asyncDispose]());

describe.concurrent('an engine killed while a generation is made, brought in or taken back', () => {
  const points = failpoints.filter((point) =>
    reachedIn[point].lives.some((life) => life === 'staged' || life === 'refused'),
  );
  test.each(points)('%s', async (point) => {
    await using world = await openWorld(templates, { staged: true });
    const memory: Memory = { before: [] };
    let kills = 0;
    const { by } = reachedIn[point];
    const armed = by === 'start' ? 'run' : by;
    for (const { verb, before, after } of stepsOf(point)) {
      await before?.(world);
      if (kills === 0 && verb === armed) kills = await killUntilDone(world, verb, point);
      else await performHere(world.places, verb);
      await after?.(world, memory);
    }
    expect(kills, `${point} is registered, and nothing reaches it`).toBeGreaterThan(0);
  });
});
