import { expect, test } from 'vitest';
import { runEngine } from './engine-process.ts';
import { ask } from './world/ask.ts';
import { judge } from './world/judge.ts';
import { performHere } from './world/verb.ts';
import { openTemplates, openWorld } from './world/world.ts';

test.each(['destination.append.after-commit', 'destination.keys.before:2'])(
  'unique values change hands between two halves of a copy that was killed at %s',
  { timeout: 120_000 },
  async (point) => {
    await using templates = await openTemplates(17);
    await using world = await openWorld(templates);
    expect(await runEngine(world.places, 'run', point)).toMatchObject({ killed: true });
    // What was copied already holds the values that the rest has now.
    await ask(
      world.places.source,
      'UPDATE shop.orders SET number = -number; UPDATE shop.orders SET number = 451 + number',
    );
    await performHere(world.places, 'run');
    await judge(world.places, { heldBack: true });
  },
);
