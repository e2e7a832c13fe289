import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { SystemUser } from '../system-user.ts';
import { type ClusterFolder, serverEnvironment } from './cluster.ts';

/** smart waits for clients, fast ends their sessions, immediate leaves recovery to the next start. */
export type StopMode = 'smart' | 'fast' | 'immediate';

const signals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;
const run = promisify(execFile);
const startDeadlineMs = 60_000;
const pollMs = 10;

export class PostmasterFailed extends Error {
  readonly log: string;

  constructor(reason: string, log: string) {
    super(`PostgreSQL ${reason}:\n${log.trim().split('\n').slice(-20).join('\n')}`);
    this.name = 'PostmasterFailed';
    this.log = log;
  }
}

/** One `postgres` process over one data directory, started and ended any number of times. */
export class Postmaster {
  readonly #cluster: ClusterFolder;
  readonly #binary: string;
  readonly #user: SystemUser | undefined;
  #child: ChildProcess | undefined;

  constructor(options: {
    readonly cluster: ClusterFolder;
    readonly bin: string;
    readonly user: SystemUser | undefined;
  }) {
    this.#cluster = options.cluster;
    this.#binary = join(options.bin, 'postgres');
    this.#user = options.user;
  }

  get pid(): number | undefined {
    return this.#isRunning() ? this.#child?.pid : undefined;
  }

  /** Returns once connections are accepted. */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.#isRunning()) return;
    const deadline = Date.now() + startDeadlineMs;
    for (;;) {
      const logBefore = (await readFile(this.#cluster.logFile, 'utf8')).length;
      this.#launch();
      if (await this.#becomesReady(deadline, signal)) return;
      const log = (await readFile(this.#cluster.logFile, 'utf8')).slice(logBefore);
      // After a SIGKILL the old backends need a moment to notice that their postmaster is gone.
      const oldBackendsLive =
        log.includes('is still in use') || log.includes('another server might be running');
      if (!oldBackendsLive || Date.now() > deadline) throw new PostmasterFailed('did not start', log);
      await sleep(100, undefined, { signal });
    }
  }

  async stop(mode: StopMode): Promise<void> {
    await this.#end(signals[mode]);
  }

  /** As a crash: the postmaster gets SIGKILL, its backends end by themselves. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  #launch(): void {
    const log = openSync(this.#cluster.logFile, 'a');
    try {
      // In a session of its own, so that Ctrl-C at our terminal doesn't stop the databases before us.
      const child = spawn(this.#binary, ['-D', this.#cluster.dataDirectory], {
        cwd: this.#cluster.dataDirectory,
        env: serverEnvironment(),
        detached: true,
        stdio: ['ignore', log, log],
        ...this.#user,
      });
      child.on('error', () => {}); // seen as a child without pid
      child.unref();
      this.#child = child;
    } finally {
      closeSync(log);
    }
  }

  async #becomesReady(deadline: number, signal: AbortSignal | undefined): Promise<boolean> {
    while (this.#isRunning()) {
      const [pid, , , , , , , status] = await readLines(this.#cluster.pidFile);
      if (Number(pid) === this.#child?.pid && status?.trim() === 'ready') return true;
      if (Date.now() > deadline || signal?.aborted) await this.#end('SIGQUIT');
      signal?.throwIfAborted();
      await sleep(pollMs);
    }
    return false;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.#isRunning()) return;
    child.ref();
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    this.#child = undefined;
  }

  #isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  // A pid file that is still there is one of a killed server, whose small System V segment then stays too.
  async #removeSharedMemory(): Promise<void> {
    const [, , , , , , segment = ''] = await readLines(this.#cluster.pidFile);
    const id = segment.trim().split(/\s+/)[1];
    if (id !== undefined) await run('ipcrm', ['-m', id]).catch(() => undefined);
  }

  /** Stops at once and removes every trace. */
  async remove(): Promise<void> {
    await this.stop('immediate');
    await this.#removeSharedMemory();
    await rm(this.#cluster.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function readLines(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8').catch(() => '')).split('\n');
}
