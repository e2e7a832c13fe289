import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProcessCost, watchProcess } from '../../harness/process-cost.ts';
import type { Follower, FollowerOf } from '../follower.ts';
import type { Sides } from '../sides.ts';
import { FollowerProcess } from './process.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What it is told of the databases. */
interface EngineSides {
  readonly name: string;
  readonly scratch: string;
  readonly source: string;
  readonly target: string;
}

/** `lockstep start` as a user types it, in a process of its own. `configuration`: bench/configurations/NAME.ts */
export const engine =
  (configuration: string): ((sides: EngineSides) => Follower) =>
  (sides) =>
    new EngineProcess(sides, configuration);

/** At a target that does not wait for its disk: what a subscription's worker does, and not what we advise. */
export const relaxed =
  (configuration: string): FollowerOf =>
  (sides) =>
    new RelaxedEngine(sides, configuration);

/** Set up, and then still: what it put into the source works on, and nobody follows. */
export const stilled =
  (configuration: string): FollowerOf =>
  (sides) =>
    new StilledEngine(sides, configuration);

class EngineProcess<Databases extends EngineSides = EngineSides> implements Follower {
  readonly follows: boolean = true;
  protected readonly sides: Databases;
  readonly #configuration: string;
  /** The service's log tells when it is in step. */
  readonly #process = new FollowerProcess('lockstep start', (line) =>
    /"event":"status".*"msg":"live:/.test(line),
  );
  #watch: { end(): ProcessCost } | null = null;

  constructor(sides: Databases, configuration: string) {
    this.sides = sides;
    this.#configuration = configuration;
  }

  async start(): Promise<void> {
    const config = here(`../../configurations/${this.#configuration}.ts`);
    const words = ['start', 'bench', '--no-http', '--config', config];
    const { source, target, name, scratch } = this.sides;
    const child = spawn(process.execPath, [here('../../../bin/lockstep.mjs'), ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        BENCH_SOURCE: source,
        BENCH_TARGET: target,
        BENCH_STORE: join(scratch, `${name}.db`),
      },
    });
    this.#watch = watchProcess(child.pid ?? 0);
    this.#process.follow(child);
  }

  ready(): Promise<void> {
    return this.#process.ready();
  }

  async expectAlive(): Promise<void> {
    this.#process.expectAlive();
  }

  cost(): ProcessCost {
    return this.#watch?.end() ?? { cpuSeconds: 0, peakRssMb: 0 };
  }

  async stop(): Promise<void> {
    this.#watch?.end();
    await this.#process.stop();
  }

  protected signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch?.end();
    await this.#process[Symbol.asyncDispose]();
  }
}

class RelaxedEngine extends EngineProcess<Sides> {
  override async start(): Promise<void> {
    const { name, target } = this.sides;
    await this.sides.execute(target, `ALTER DATABASE ${name} SET synchronous_commit = off`);
    await super.start();
  }
}

class StilledEngine extends EngineProcess<Sides> {
  override readonly follows = false;

  /** Who is asleep when it stops would be notified by every writer for a while. */
  override async ready(): Promise<void> {
    await super.ready();
    this.signal('SIGSTOP');
    await this.sides.execute(this.sides.source, `SELECT setval('lockstep.asleep_bench', 0)`);
  }

  override async stop(): Promise<void> {
    this.signal('SIGCONT');
    await super.stop();
  }
}
