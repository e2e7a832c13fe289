import type { Contestant, Run } from '../harness/benchmark.ts';
import type { Follower } from './follower.ts';
import type { Sides } from './sides.ts';

/** A source and a target database of one contestant's own. */
export interface LiveSides extends AsyncDisposable {
  readonly source: string;
  readonly target: string;
  /** Something of its own, committed after everything so far: who shows it has everything. */
  mark(): Promise<number>;
  /** Waits until the target shows the mark; throws when its follower has died. */
  seen(mark: number, follower: Follower): Promise<void>;
  /** Ground truth: throws where both sides differ. */
  expectSame(): Promise<void>;
}

/** What is still open when the servers go, goes before them. */
export interface Owner {
  adopt(resource: AsyncDisposable): void;
  release(resource: AsyncDisposable): void;
}

/** A follower over databases of its own. */
export interface Trial<Databases extends LiveSides = Sides> {
  readonly sides: Databases;
  readonly follower: Follower;
}

export interface TrialOptions<Databases extends LiveSides> {
  readonly name: string;
  /** Default: as many as the others. */
  readonly rounds?: number;
  readonly open: () => Promise<Databases>;
  readonly follower: (sides: Databases) => Follower;
  /** After the first copy, which is done and not measured; the follower runs. */
  readonly prepare: (trial: Trial<Databases>) => Promise<void>;
  readonly run: (trial: Trial<Databases>) => Promise<Run>;
}

/** Each round begins with fresh databases and a first copy, and ends with the truth: both sides are the same. */
export function trialContestant<Databases extends LiveSides>(
  servers: Owner,
  options: TrialOptions<Databases>,
): Contestant {
  let trial: Trial<Databases> | null = null;
  const known = (): Trial<Databases> => {
    if (trial === null) throw new Error('the trial was not prepared');
    return trial;
  };
  return {
    name: options.name,
    ...(options.rounds === undefined ? {} : { rounds: options.rounds }),
    async prepare() {
      trial = await openTrial(servers, options);
      await options.prepare(trial);
    },
    run: () => options.run(known()),
    async proof() {
      await proveTrial(servers, known());
      trial = null;
    },
  };
}

async function openTrial<Databases extends LiveSides>(
  servers: Owner,
  { open, follower }: TrialOptions<Databases>,
): Promise<Trial<Databases>> {
  const sides = await open();
  const trial = { sides, follower: follower(sides) };
  servers.adopt(trial.follower);
  await trial.follower.start();
  await trial.follower.ready();
  return trial;
}

async function proveTrial(servers: Owner, { sides, follower }: Trial<LiveSides>): Promise<void> {
  if (follower.follows) {
    await sides.seen(await sides.mark(), follower);
    await follower.stop();
    await sides.expectSame();
  } else await follower.stop();
  await follower[Symbol.asyncDispose]();
  servers.release(follower);
  await sides[Symbol.asyncDispose]();
}
