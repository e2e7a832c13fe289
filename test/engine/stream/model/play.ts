import type { Script, Step } from './script.ts';
import { openWorld, type World } from './world.ts';

/** More turns than any run takes that gets anywhere. */
const mostTurns = 20_000;

export interface Played {
  readonly violations: readonly string[];
  readonly differences: readonly string[];
  readonly lookupsAhead: number;
}

/** Lets a stream run beside what happens to both sides, until it has brought everything. */
export async function play(script: Script): Promise<Played> {
  const world = await openWorld(script);
  const { destination, stream, stopping, counts } = world;
  const ended: { error: unknown } = { error: null };
  const running = stream.run().catch((thrown: unknown) => {
    // Whoever pauses when it is stopped says so.
    if (!stopping.signal.aborted) ended.error = thrown;
  });
  for (const step of script.steps) {
    for (let left = step.after; left > 0; left -= 1) await passTurn(world);
    act(world, step);
  }
  const isAtEnd = (): boolean => ended.error !== null || isQuiet(world);
  while (!isAtEnd()) {
    if (world.turns.passed > mostTurns) throw new Error('it does not come to an end');
    await passTurn(world);
    if (isApplied(world)) await retryLetters(world);
  }
  stopping.abort();
  await running;
  if (ended.error !== null) throw ended.error;
  const { lookupsAhead } = counts;
  return { violations: destination.violations, differences: destination.differences(), lookupsAhead };
}

async function passTurn({ turns, stream }: World): Promise<void> {
  await turns.pass();
  stream.wake();
}

/** The log to its end, and whatever was touched. */
const isApplied = ({ source, ledger, touches, counts }: World): boolean =>
  ledger.of('main')?.position === `${source.head}` &&
  source.isSettled &&
  touches.size === 0 &&
  counts.applying === 0;

const isQuiet = (world: World): boolean => isApplied(world) && !world.letters.hasAny('users');

/** Somebody mended what was refused, and has the letters tried again. */
async function retryLetters({ destination, letters, touches, source }: World): Promise<void> {
  destination.acceptAll();
  const keys = source.keys.filter((key) => letters.has('users', key));
  await touches.add('users', keys, { signal: AbortSignal.timeout(60_000) });
}

function act({ source, destination, touches, stream }: World, step: Step): void {
  const touch = (keys: readonly string[]): void =>
    void touches.add('users', keys, { signal: new AbortController().signal });
  switch (step.kind) {
    case 'commit':
      void source.commit(step.writes).then(touch);
      return;
    case 'touch':
      touch(step.keys);
      return;
    case 'lose':
      destination.lose(step.key);
      touch([step.key]);
      return;
    case 'refuse':
      destination.refuse(step.key, step.times);
      return;
    case 'reopen':
      stream.reopen();
  }
}
