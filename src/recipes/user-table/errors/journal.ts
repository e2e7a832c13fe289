import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from './entry.ts';

/** Some 50,000 entries; a chat database that is away for days must not fill the disk. */
const mostBytes = 16 * 1024 * 1024;
const waiting = 'sync-errors.jsonl';

/**
 * Entries for `sync_errors` on this machine's disk until the chat database has them. Written at once and without waiting, so that the last
 * words of a process that dies are among them. Several processes may use one directory: each takes what waits by renaming it.
 */
export class Journal {
  readonly #directory: string;
  #dropped = 0;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  get #file(): string {
    return join(this.#directory, waiting);
  }

  append(entry: Entry): void {
    if (sizeOf(this.#file) > mostBytes) {
      this.#dropped += 1;
      return;
    }
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  /** How many entries did not fit since this was asked last. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Files to be sent, oldest first: what waits, and what processes that are gone were sending. */
  take(): readonly string[] {
    if (sizeOf(this.#file) > 0)
      renameSync(this.#file, join(this.#directory, `sync-errors.${Date.now()}.${process.pid}.sending`));
    return readdirSync(this.#directory)
      .filter((name) => isOurs(name))
      .toSorted()
      .map((name) => join(this.#directory, name));
  }

  /** A line that was cut short by the end of a process is no entry. */
  read(file: string): readonly Entry[] {
    return readFileSync(file, 'utf8').split('\n').flatMap(parsed);
  }

  sent(file: string): void {
    rmSync(file, { force: true });
  }
}

const sending = /^sync-errors\.\d+\.(?<pid>\d+)\.sending$/;

function isOurs(name: string): boolean {
  const pid = Number(sending.exec(name)?.groups?.['pid'] ?? 0);
  return pid === process.pid || (pid > 0 && !isAlive(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    // Somebody else's process may not be signalled, and is alive.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

function parsed(line: string): readonly Entry[] {
  if (line === '') return [];
  try {
    const entry: Entry = JSON.parse(line);
    return [entry];
  } catch {
    return [];
  }
}
