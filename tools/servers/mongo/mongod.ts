import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterFolder } from '../postgres/cluster.ts';
import type { SystemUser } from '../system-user.ts';

const startDeadlineMs = 60_000;
const pollMs = 20;
const cacheOption = '--wiredTigerCacheSizeGB';

export class MongodFailed extends Error {
  readonly log: string;

  constructor(reason: string, log: string) {
    super(`mongod ${reason}:\n${log.trim().split('\n').slice(-20).join('\n')}`);
    this.name = 'MongodFailed';
    this.log = log;
  }
}

export interface MongodOptions {
  readonly binary: string;
  readonly folder: ClusterFolder;
  readonly port: number;
  readonly arguments: readonly string[];
  readonly user: SystemUser | undefined;
}

/** One `mongod` process over one data directory, started and ended any number of times. */
export class Mongod {
  readonly #options: MongodOptions;
  #child: ChildProcess | undefined;

  constructor(options: MongodOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#isRunning() ? this.#child?.pid : undefined;
  }

  /** Returns once it listens. */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.#isRunning()) return;
    const { logFile } = this.#options.folder;
    const before = (await readFile(logFile, 'utf8')).length;
    this.#launch();
    const deadline = Date.now() + startDeadlineMs;
    for (;;) {
      const log = (await readFile(logFile, 'utf8')).slice(before);
      if (log.includes('Waiting for connections')) return;
      if (!this.#isRunning()) throw new MongodFailed('did not start', log);
      if (Date.now() > deadline || signal?.aborted) await this.kill();
      signal?.throwIfAborted();
      await sleep(pollMs);
    }
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** As a crash. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Ends at once and removes every trace. */
  async remove(): Promise<void> {
    await this.kill();
    const { folder } = this.#options.folder;
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  #launch(): void {
    const { binary, folder, port, user } = this.#options;
    const own = ['--dbpath', folder.dataDirectory, '--pidfilepath', folder.pidFile];
    const network = ['--bind_ip', '127.0.0.1', '--port', String(port), '--nounixsocket'];
    const { arguments: more } = this.#options;
    const rest = more.includes(cacheOption) ? more : [cacheOption, '0.25', ...more];
    const log = openSync(folder.logFile, 'a');
    try {
      // In a session of its own, so that Ctrl-C at our terminal doesn't stop the databases before us.
      const child = spawn(binary, [...own, ...network, ...rest], {
        cwd: folder.dataDirectory,
        detached: true,
        stdio: ['ignore', log, log],
        ...user,
      });
      child.on('error', () => {}); // seen as a child without pid
      child.unref();
      this.#child = child;
    } finally {
      closeSync(log);
    }
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
}
