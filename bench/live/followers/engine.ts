import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ProcessCost, watchProcess } from '../../harness/process-cost.ts';
import type { Follower, FollowerOf } from '../follower.ts';
import type { Sides } from '../sides.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const linesKept = 40;
const lookEveryMs = 10;

/** `lockstep start` as a user types it, in a process of its own. `configuration`: bench/configurations/NAME.ts */
export const engine =
  (configuration: string): FollowerOf =>
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

class EngineProcess implements Follower {
  readonly follows: boolean = true;
  protected readonly sides: Sides;
  readonly #configuration: string;
  #child: ChildProcess | null = null;
  #watch: { end(): ProcessCost } | null = null;
  #lines: string[] = [];
  #isLive = false;

  constructor(sides: Sides, configuration: string) {
    this.sides = sides;
    this.#configuration = configuration;
  }

  async start(): Promise<void> {
    const config = here(`../../configurations/${this.#configuration}.ts`);
    const words = ['start', 'bench', '--no-http', '--config', config];
    this.#lines = [];
    this.#isLive = false;
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
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    createInterface({ input: child.stderr }).on('line', (line) => this.#hear(line));
    this.#child = child;
  }

  /** The service's log tells when it is in step. */
  #hear(line: string): void {
    this.#lines = [...this.#lines.slice(1 - linesKept), line];
    if (/"event":"status".*"msg":"live:/.test(line)) this.#isLive = true;
  }

  async ready(): Promise<void> {
    while (!this.#isLive) {
      await this.expectAlive();
      await delay(lookEveryMs);
    }
  }

  async expectAlive(): Promise<void> {
    const { exitCode, signalCode } = this.#child ?? { exitCode: null, signalCode: null };
    if (exitCode === null && signalCode === null) return;
    throw new Error(`lockstep start ended with ${exitCode ?? signalCode}:\n${this.#lines.join('\n')}`);
  }

  cost(): ProcessCost {
    return this.#watch?.end() ?? { cpuSeconds: 0, peakRssMb: 0 };
  }

  async stop(): Promise<void> {
    await this.expectAlive();
    if ((await this.#end('SIGTERM')) === 0) return;
    throw new Error(`lockstep start did not stop in peace:\n${this.#lines.join('\n')}`);
  }

  protected signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = null;
    this.#watch?.end();
    if (child === null || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGKILL');
  }
}

class RelaxedEngine extends EngineProcess {
  override async start(): Promise<void> {
    const { name, target } = this.sides;
    await this.sides.execute(target, `ALTER DATABASE ${name} SET synchronous_commit = off`);
    await super.start();
  }
}

class StilledEngine extends EngineProcess {
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
