import { randomUUID } from 'node:crypto';
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError, toError } from '../../../../../protocol/errors/lockstep-error.ts';

/** Of a record: its length without this head, and the (sub)transaction that it belongs to. */
const headBytes = 8;
const bufferBytes = 256 * 1024;

/** They describe what comes after them, which may belong to another subtransaction: the server tells each only once. */
const descriptions: ReadonlySet<number> = new Set(['R', 'Y', 'O'].map((type) => type.charCodeAt(0)));

/** Of a record that holds only the beginning of a message; no message of the protocol has it. */
export const headType = 'X';

export type RecordTaker = (bytes: Buffer, start: number, end: number) => void;

interface Started {
  readonly path: string;
  readonly aborted: Set<number>;
}

/**
 * Transactions that the server sends before their end, on disk until they are committed. Written synchronously: the order of messages is
 * then the order of the socket, nothing piles up in memory, and pages of the operating system take it at once.
 */
export class TransactionSpill implements Disposable {
  readonly #directory: string;
  readonly #started = new Map<number, Started>();
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);
  #used = 0;
  /** Of the block that is being received. */
  #xid = 0;
  #file: number | null = null;
  #made = false;

  /** The directory is made when it is needed. Those of processes that died are removed with it. */
  constructor(parent: string) {
    this.#directory = join(parent, `${process.pid}-${randomUUID()}`);
  }

  begin(xid: number): void {
    this.#guarded(() => {
      if (!this.#made) this.#make();
      const started = this.#started.get(xid) ?? {
        path: join(this.#directory, String(xid)),
        aborted: new Set(),
      };
      this.#started.set(xid, started);
      this.#xid = xid;
      this.#file = openSync(started.path, 'a', 0o600);
    });
  }

  /** A message of a block: type, xid, the rest. An origin has no xid. */
  add(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start] ?? 0;
    const hasXid = type !== 0x4f;
    const rest = hasXid ? start + 5 : start + 1;
    const length = 1 + end - rest;
    const head = Buffer.allocUnsafe(headBytes + 1);
    head.writeUInt32BE(length, 0);
    head.writeUInt32BE(hasXid ? bytes.readUInt32BE(start + 1) : this.#xid, 4);
    head[headBytes] = type;
    this.#guarded(() => {
      this.#write(head);
      this.#write(bytes.subarray(rest, end));
    });
  }

  /** The beginning of a message that was too large to be held, marked as such. */
  addHead(bytes: Buffer, start: number, end: number): void {
    const [type, xid] = [bytes.subarray(start, start + 1), bytes.subarray(start + 1, start + 5)];
    const marked = Buffer.concat([Buffer.from(headType), xid, type, bytes.subarray(start + 5, end)]);
    this.add(marked, 0, marked.length);
  }

  pause(): void {
    this.#guarded(() => {
      this.#flush();
      if (this.#file !== null) closeSync(this.#file);
      this.#file = null;
    });
  }

  /** A subtransaction was rolled back, or the whole. */
  abort(xid: number, subtransaction: number): void {
    const started = this.#started.get(xid);
    if (started === undefined) return;
    if (xid !== subtransaction) return void started.aborted.add(subtransaction);
    this.#started.delete(xid);
    rmSync(started.path, { force: true });
  }

  /** What was committed; the caller reads it once. */
  take(xid: number): SpilledTransaction {
    const started = this.#started.get(xid);
    if (started === undefined) throw new Error('the end of a transaction that did not begin');
    this.#started.delete(xid);
    return new SpilledTransaction(started.path, started.aborted);
  }

  [Symbol.dispose](): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    if (this.#made) rmSync(this.#directory, { recursive: true, force: true });
    this.#made = false;
  }

  #make(): void {
    const parent = join(this.#directory, '..');
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    // What is kept there are rows: nobody else may have made the directory before us.
    if (process.getuid !== undefined && lstatSync(parent).uid !== process.getuid())
      throw Object.assign(new Error('the directory belongs to another user'), { code: 'EACCES' });
    for (const name of readdirSync(parent)) {
      const pid = Number(name.split('-')[0]);
      if (Number.isInteger(pid) && !isAlive(pid))
        rmSync(join(parent, name), { recursive: true, force: true });
    }
    mkdirSync(this.#directory, { mode: 0o700 });
    this.#made = true;
  }

  #write(bytes: Buffer): void {
    if (this.#used + bytes.length > bufferBytes) this.#flush();
    if (bytes.length > bufferBytes) {
      this.#writeAll(bytes);
      return;
    }
    bytes.copy(this.#buffer, this.#used);
    this.#used += bytes.length;
  }

  #flush(): void {
    const used = this.#used;
    this.#used = 0;
    this.#writeAll(this.#buffer.subarray(0, used));
  }

  #writeAll(bytes: Buffer): void {
    if (this.#file === null) return;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      throw spillFailed(this.#directory, thrown);
    }
  }
}

/** A committed transaction on disk. */
export class SpilledTransaction implements AsyncDisposable {
  readonly #path: string;
  readonly #aborted: ReadonlySet<number>;

  constructor(path: string, aborted: ReadonlySet<number>) {
    this.#path = path;
    this.#aborted = aborted;
  }

  /** Tells the records that were not rolled back, piece by piece: after each piece the caller may wait. */
  async *read(take: RecordTaker): AsyncGenerator<void> {
    try {
      await using file = await open(this.#path, 'r');
      // One buffer for all: what is told from it copies what it keeps, and garbage of this size would be collected late.
      let buffer = Buffer.allocUnsafe(bufferBytes);
      let filled = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, filled, buffer.length - filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
        const told = this.#tell(buffer.subarray(0, filled), take);
        buffer.copy(buffer, 0, told, filled);
        filled -= told;
        buffer = withRoom(buffer, filled);
        yield;
      }
      if (filled > 0) throw new Error('the file ends inside of a message');
    } catch (thrown) {
      throw spillFailed(this.#path, thrown);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.#path, { force: true });
  }

  /** Whole records; how far they reach. */
  #tell(bytes: Buffer, take: RecordTaker): number {
    let at = 0;
    while (at + headBytes <= bytes.length) {
      const start = at + headBytes;
      const end = start + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      const isGone = this.#aborted.has(bytes.readUInt32BE(at + 4));
      if (!isGone || descriptions.has(bytes[start] ?? 0)) take(bytes, start, end);
      at = end;
    }
    return at;
  }
}

/** The record that has begun fits; a buffer that grew for a large one goes again. */
function withRoom(buffer: Buffer<ArrayBuffer>, filled: number): Buffer<ArrayBuffer> {
  const needed = filled < headBytes ? 0 : headBytes + buffer.readUInt32BE(0);
  const length = Math.max(bufferBytes, needed);
  if (length === buffer.length) return buffer;
  const other = Buffer.allocUnsafe(length);
  buffer.copy(other, 0, 0, filled);
  return other;
}

/** Errors of the file system have a code; whatever else was thrown is no matter of the disk. */
function spillFailed(path: string, thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof LockstepError || !('code' in error)) return error;
  return new LockstepError('postgres-spill-failed', { path, detail: error.message }, { cause: thrown });
}

/** Signal 0 asks without sending; EPERM means that it lives and is somebody else's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}
