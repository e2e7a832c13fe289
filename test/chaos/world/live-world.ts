import { setTimeout as delay } from 'node:timers/promises';
import { pauseAfter } from '../../support/pause-after.ts';
import { ask } from './ask.ts';
import type { Capture, Places } from './configuration.ts';
import { judgeSides, openSides, type Sides, type Verdict } from './judge.ts';
import { liveSource, liveTarget, watchMeters } from './live-tables.sql.ts';
import { openTemplates, openWorld, type Templates, type World } from './world.ts';

export async function openLiveTemplates(sourceVersion: 17 | 18): Promise<Templates> {
  const templates = await openTemplates(sourceVersion);
  await ask(templates.source.url, liveSource);
  await ask(templates.target.url, liveTarget);
  return templates;
}

/** A world whose pipeline is live. */
export async function openLiveWorld(
  templates: Templates,
  capture: Capture,
  options: { readonly lanes?: number } = {},
): Promise<World> {
  const world = await openWorld(templates);
  const places = { ...world.places, live: { capture, slot: world.source.name.slice(-40), ...options } };
  return {
    ...world,
    places,
    [Symbol.asyncDispose]: async () => {
      await dropSlots(places.source);
      await world[Symbol.asyncDispose]();
    },
  };
}

const ours = 'database = current_database()';

/** A slot holds its database; a server notices only after a moment that who read it is gone. */
async function dropSlots(source: string): Promise<void> {
  for (let left = 100; ; left -= 1) {
    try {
      await ask(
        source,
        `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE ${ours} AND active`,
      );
      await ask(source, `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE ${ours}`);
      return;
    } catch (error) {
      if (left === 0) throw error;
      await delay(50);
    }
  }
}

/** Each of a dozen walks ends with a keepalive, on a machine that does much else. */
const patienceMs = 60_000;

/**
 * Waits until the judge says that all is right; fails with what it said last, or at once when `alive` rejects: with what the engine that
 * should have brought it there died of.
 */
export async function inStep(
  { places }: World,
  verdict: Verdict,
  { alive, patience = patienceMs }: { readonly alive?: Promise<never>; readonly patience?: number } = {},
): Promise<void> {
  const giveUpAt = performance.now() + patience;
  await using look = new Looking(places);
  for (;;) {
    const lookedAt = performance.now();
    try {
      await look.judge(verdict);
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
    }
    const pauseMs = pauseAfter(performance.now() - lookedAt);
    await Promise.race([delay(pauseMs), ...(alive === undefined ? [] : [alive])]);
  }
}

/** Looks again and again over the same connections, as long as they live. */
class Looking implements AsyncDisposable {
  readonly #places: Places;
  #sides: Sides | null = null;

  constructor(places: Places) {
    this.#places = places;
  }

  async judge(verdict: Verdict): Promise<void> {
    this.#sides ??= await openSides(this.#places);
    try {
      await judgeSides(this.#places, verdict, this.#sides);
    } catch (error) {
      if (this.#sides.source.isLost() || this.#sides.target.isLost()) await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sides = this.#sides;
    this.#sides = null;
    await sides?.[Symbol.asyncDispose]();
  }
}

export const watchFromNowOn = ({ places }: World): Promise<unknown> => ask(places.target, watchMeters);

/** What came to the target although something newer had been there. */
export const steppedBack = ({ places }: World): Promise<readonly object[]> =>
  ask(places.target, 'SELECT * FROM witness.stepped_back');
