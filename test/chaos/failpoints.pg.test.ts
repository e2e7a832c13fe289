import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { failpoints } from '../../src/protocol/failpoints.ts';
import { type Life, liveThrough } from './life.ts';
import { reachedIn } from './lives.ts';
import { ask } from './world/ask.ts';
import { judge } from './world/judge.ts';
import { expectNothingLeft } from './world/left-behind.ts';
import { openTemplates, openWorld, type Templates, type World } from './world/world.ts';

/** Two letters are cured at the source, another's row gives way; one poisoned row and one clash stay. */
const heal = ({ places }: World) =>
  ask(
    places.source,
    `UPDATE shop.notes SET body = 'healed' WHERE code = 'poison-1';
     UPDATE shop.tags SET label = 'mended' WHERE id = 601;
     DELETE FROM shop.tags WHERE id = 1001`,
  );

const life: Life<World> = {
  begin: { verb: 'run', after: ({ places }) => judge(places, { heldBack: true }) },
  middle: [
    { before: heal, verb: 'approve' },
    { verb: 'run', after: ({ places }) => judge(places, { heldBack: false }) },
  ],
  end: { verb: 'remove', after: expectNothingLeft },
};

vi.setConfig({ maxConcurrency: 3, testTimeout: 120_000 });

const templates = new Map<17 | 18, Templates>();
beforeAll(async () => {
  for (const version of [17, 18] as const) templates.set(version, await openTemplates(version));
});
afterAll(async () => {
  for (const each of templates.values()) await each[Symbol.asyncDispose]();
});

describe.concurrent('an engine killed at a failpoint goes on as if nothing had been', () => {
  const points = failpoints.filter((point) => reachedIn[point].lives.includes('full'));
  test.each(points.map((point, index) => [point, index % 2 === 0 ? 18 : 17] as const))(
    '%s, from PostgreSQL %i',
    async (point, version) => {
      const template = templates.get(version);
      if (template === undefined) throw new Error(`no template of version ${version}`);
      await using world = await openWorld(template);
      await liveThrough(world, life, point);
    },
  );
});
