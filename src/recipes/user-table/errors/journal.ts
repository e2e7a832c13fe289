import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from './entry.ts';

/** Some 50,000 entries; a chat database that is away for days must not fill the disk. */
const defaultMostBytes = 16 * 1024 * 1024;
const waiting = 'sync-errors.jsonl';
const refused = 'sync-errors.refused.jsonl';

/**
 * Entries for `sync_errors` on this machine's disk until the chat database has them. Written at once and without waiting, so that the last
 * words of a process that dies are among them. Several processes may use one directory: each takes what waits by renaming it, and not before
 * what was taken is sent: so there is one file that waits, one that each process sends, and one of what was refused, none above `mostBytes`
 * by more than an entry.
 */
export class Journal {
  readonly #directory: string;
  readonly #mostBytes: number;
  #dropped = 0;

  constructor(
    directory: string,
    { mostBytes = defaultMostBytes }: { readonly mostBytes?: number | undefined } = {},
  ) {
    this.#directory = directory;
    this.#mostBytes = mostBytes;
    mkdirSync(directory, { recursive: true });
  }

  append(entry: Entry): void {
    this.#add(waiting, entry);
  }

  /** Entries that the server will never take keep nobody else's waiting: they lie here for whoever wants to know. */
  setAside(entries: readonly Entry[]): { readonly file: string } {
    for (const entry of entries) this.#add(refused, entry);
    return { file: join(this.#directory, refused) };
  }

  #add(name: string, entry: Entry): void {
    const file = join(this.#directory, name);
    if (sizeOf(file) > this.#mostBytes) this.#dropped += 1;
    else appendFileSync(file, `${JSON.stringify(entry)}\n`);
  }

  /** How many entries did not fit since this was asked last. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Files to be sent, oldest first: what we, or processes that are gone, were sending; once there is no such, what waits. */
  take(): readonly string[] {
    const taken = readdirSync(this.#directory)
      .filter((name) => isOurs(name))
      .toSorted()
      .map((name) => join(this.#directory, name));
    const file = join(this.#directory, waiting);
    if (taken.length > 0 || sizeOf(file) === 0) return taken;
    const sent = join(this.#directory, `sync-errors.${Date.now()}.${process.pid}.sending`);
    renameSync(file, sent);
    return [sent];
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
