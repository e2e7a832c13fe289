import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Failpoint, failpoints } from '../../src/protocol/failpoints.ts';
import { runEngine } from './engine-process.ts';
import { killUntilDone } from './kill-until-done.ts';
import { reachedIn } from './lives.ts';
import { ask } from './world/ask.ts';
import { judge } from './world/judge.ts';
import { expectNothingLeft } from './world/left-behind.ts';
import { performHere, type Verb } from './world/verb.ts';
import { openTemplates, openWorld, type Templates, type World } from './world/world.ts';

/** Points that only a pass reaches which goes on where another was killed. */
const killedBefore: Partial<Record<Failpoint, Failpoint>> = {
  'destination.merge.before-commit': 'destination.append.after-commit',
  'destination.merge.after-commit': 'destination.append.after-commit',
};

interface Step {
  readonly before?: (world: World) => Promise<unknown>;
  readonly verb: Verb;
  readonly after?: (world: World) => Promise<void>;
}

/** Two letters are cured at the source, another's row gives way; one poisoned row and one clash stay. */
const heal = ({ places }: World) =>
  ask(
    places.source,
    `UPDATE shop.notes SET body = 'healed' WHERE code = 'poison-1';
     UPDATE shop.tags SET label = 'mended' WHERE id = 601;
     DELETE FROM shop.tags WHERE id = 1001`,
  );

const begin: Step = { verb: 'run', after: ({ places }) => judge(places, { heldBack: true }) };
const end: Step = { verb: 'remove', after: expectNothingLeft };

/** All that a pipeline of mode `full` does in its life. Its failpoints lie somewhere on this way; who was killed at the beginning skips the middle. */
const life: readonly Step[] = [
  begin,
  { before: heal, verb: 'approve' },
  { verb: 'run', after: ({ places }) => judge(places, { heldBack: false }) },
  end,
];

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
      const before = killedBefore[point];
      if (before !== undefined) await runEngine(world.places, 'run', before);
      let kills = 0;
      for (const step of life) {
        if (kills > 0 && step !== end) continue;
        await step.before?.(world);
        if (kills === 0) kills = await killUntilDone(world, step.verb, point);
        else await performHere(world.places, step.verb);
        await step.after?.(world);
      }
      expect(kills, `${point} is registered, and nothing reaches it`).toBeGreaterThan(0);
    },
  );
});
