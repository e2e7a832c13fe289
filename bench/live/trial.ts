import type { Contestant, Run } from '../harness/benchmark.ts';
import type { Follower, FollowerOf } from './follower.ts';
import type { LiveServers } from './servers.ts';
import { Sides, type Tables } from './sides.ts';

/** A follower over databases of its own. */
export interface Trial {
  readonly sides: Sides;
  readonly follower: Follower;
}

export interface TrialOptions {
  readonly name: string;
  /** Default: as many as the others. */
  readonly rounds?: number;
  readonly tables: Tables;
  readonly follower: FollowerOf;
  /** After the first copy, which is done and not measured; the follower runs. */
  readonly prepare: (trial: Trial) => Promise<void>;
  readonly run: (trial: Trial) => Promise<Run>;
}

/** Each round begins with fresh databases and a first copy, and ends with the truth: both sides are the same. */
export function trialContestant(servers: LiveServers, options: TrialOptions): Contestant {
  let trial: Trial | null = null;
  const known = (): Trial => {
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

async function openTrial(servers: LiveServers, { tables, follower }: TrialOptions): Promise<Trial> {
  const sides = await Sides.open(servers, tables);
  const trial = { sides, follower: follower(sides) };
  servers.adopt(trial.follower);
  await trial.follower.start();
  await trial.follower.ready();
  return trial;
}

async function proveTrial(servers: LiveServers, { sides, follower }: Trial): Promise<void> {
  if (follower.follows) {
    await sides.seen(await sides.mark(), follower);
    await follower.stop();
    await sides.expectSame();
  } else await follower.stop();
  await follower[Symbol.asyncDispose]();
  servers.release(follower);
  await sides[Symbol.asyncDispose]();
}
