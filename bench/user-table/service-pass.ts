import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant } from '../harness/benchmark.ts';
import { type Started, startRecipe } from './ours.ts';
import type { Town } from './town.ts';

/** Long enough that nothing is under way while the chat is spoilt, short enough to be waited for. */
const intervalFor = (users: number): number => (users > 100_000 ? 30 : 5);
const patienceMs = 300_000;

/** A scheduled pass of the running service, by the seconds that its log tells: the first that begins after the chat was spoilt. */
export function serviceContestant(
  town: Town,
  { users, changed }: { readonly users: number; readonly changed: number },
): Contestant {
  let service: Started | null = null;
  return {
    name: 'ours',
    prepare: async () => {
      await town.emptyChat();
      service = start(town, intervalFor(users));
      // The first reads everything and may mend what the copy left; the second is as all that follow.
      await nextPass(service);
      await nextPass(service);
      await town.spoil(changed);
    },
    run: async () => {
      if (service === null) throw new Error('the service was not started');
      const seconds = await nextPass(service);
      await stop(service);
      return { seconds, ...service.cost.end() };
    },
    proof: () => town.prove(users),
  };
}

/** The first copy of the running service into an empty chat, by the seconds that its log tells. */
export function firstCopyContestant(town: Town, users: number): Contestant {
  return {
    name: 'ours',
    prepare: () => town.emptyChat(),
    run: async () => {
      const service = start(town, intervalFor(users));
      const { seconds } = await lineOf(service, (lines) =>
        lines.find((line) => line.includes('"Initial bulk sync completed"')),
      );
      await stop(service);
      return { seconds, ...service.cost.end() };
    },
    proof: () => town.prove(users),
  };
}

/**
 * Two passes over a few users. A checkout runs from TypeScript, which Node translates when it first sees it (25 MB at the peak) and
 * keeps translated; a package that is installed has none.
 */
export async function warmUp(town: Town): Promise<void> {
  await town.fill(1_000);
  await town.emptyChat();
  const service = start(town, 5);
  await nextPass(service);
  await nextPass(service);
  await stop(service);
  service.cost.end();
}

const start = (town: Town, intervalSeconds: number): Started =>
  startRecipe(['setup'], { ...town.environment(), SYNC_INTERVAL_SECONDS: String(intervalSeconds) });

async function stop({ child, ended }: Started): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}

/** What the first pass takes that begins from now on. */
async function nextPass(service: Started): Promise<number> {
  const passesOf = (lines: readonly string[]) => lines.filter((line) => line.includes('"Scheduled sync '));
  const before = passesOf(service.output().split('\n')).length;
  const { seconds } = await lineOf(service, (lines) => {
    const since = passesOf(lines).slice(before);
    const begun = since.findIndex((line) => line.includes('Scheduled sync begins'));
    return begun < 0 ? undefined : since[begun + 1];
  });
  return seconds;
}

/** A line of its log, once it is there. */
async function lineOf(
  { output }: Started,
  find: (lines: readonly string[]) => string | undefined,
): Promise<{ readonly seconds: number }> {
  for (const startedAt = performance.now(); performance.now() - startedAt < patienceMs; await delay(20)) {
    // What ends without a line break is not all there yet.
    const found = find(output().split('\n').slice(0, -1));
    if (found !== undefined) return JSON.parse(found) as { seconds: number };
  }
  throw new Error(`nothing was told: ${output()}`);
}
