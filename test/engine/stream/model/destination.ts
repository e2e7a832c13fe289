import type { Change } from '../../../../src/protocol/change.ts';
import { LockstepError } from '../../../../src/protocol/errors/lockstep-error.ts';
import type { Key } from '../../../../src/protocol/names.ts';
import type { Outcome } from '../../../../src/protocol/outcome.ts';
import type { Row } from '../../../../src/protocol/value.ts';
import type { Holder, WindowWrite } from '../../../../src/protocol/writer.ts';
import type { ModelSource } from './source.ts';
import type { Turns } from './turns.ts';

/** What is there, or was until it was lost or left: its versions are never to go back. */
interface Stored {
  readonly a: number;
  readonly b: number;
  readonly unique: unknown;
  readonly isThere: boolean;
}

export interface DestinationOptions {
  /** Two rows must not have one value of `unique`. */
  readonly isUnique: boolean;
  readonly failsOnceIn: number;
}

type Asked = Pick<WindowWrite, 'parts'>;

const inserted: Outcome = { kind: 'inserted' };
const updated: Outcome = { kind: 'updated' };
const left: Outcome = { kind: 'left' };
const unchanged: Outcome = { kind: 'unchanged' };

/** A destination in memory that notes whenever something older is written over something newer. */
export class ModelDestination {
  readonly violations: string[] = [];
  readonly #turns: Turns;
  readonly #source: ModelSource;
  readonly #options: DestinationOptions;
  readonly #stored = new Map<Key, Stored>();
  /** How often a key is still refused, whatever it is written as. */
  readonly #refused = new Map<Key, number>();
  #position: number;
  #writing = 0;

  constructor(parts: { turns: Turns; source: ModelSource; position: number; options: DestinationOptions }) {
    this.#turns = parts.turns;
    this.#source = parts.source;
    this.#position = parts.position;
    this.#options = parts.options;
  }

  get position(): number {
    return this.#position;
  }

  get isWriting(): boolean {
    return this.#writing > 0;
  }

  /** As a copy left it, that read the source at this position. */
  copy(key: Key, position: number): void {
    const { version, row } = this.#source.at(key, position);
    const { a, b, unique } = row ?? { a: version, b: version, unique: null };
    const isTaken = this.#options.isUnique && this.#holderOf(key, unique) !== undefined;
    this.#stored.set(key, { a, b, unique, isThere: row !== null && !isTaken });
  }

  /** Somebody takes a row away. */
  lose(key: Key): void {
    const stored = this.#stored.get(key);
    if (stored !== undefined) this.#stored.set(key, { ...stored, isThere: false });
  }

  refuse(key: Key, times: number): void {
    this.#refused.set(key, times);
  }

  acceptAll(): void {
    this.#refused.clear();
  }

  /** Keys of which both sides have not the same, with what each has. */
  differences(): readonly string[] {
    return this.#source.keys.flatMap((key) => {
      const { row } = this.#source.at(key, this.#source.head);
      const stored = this.#stored.get(key);
      const has = stored?.isThere === true ? `${stored.a}/${stored.b}` : 'nothing';
      const wants = row === null ? 'nothing' : `${row.a}/${row.b}`;
      return has === wants ? [] : [`${key} is ${has} and should be ${wants}`];
    });
  }

  async applyWindow({ parts, position }: WindowWrite): Promise<readonly (readonly Outcome[])[]> {
    this.#writing += 1;
    try {
      await this.#turns.pause(8);
      if (this.#turns.fails(this.#options.failsOnceIn)) throw lost('before it was written');
      const refusal = this.#refusals({ parts })
        .flat()
        .find((error) => error !== null);
      if (refusal != null) throw refusal;
      const outcomes = parts.map(({ changes }) => changes.map((change) => this.#write(change)));
      if (position !== null && position.lane === 0) this.#moveTo(Number(position.at));
      if (this.#turns.fails(this.#options.failsOnceIn)) throw lost('while it committed');

      await this.#turns.pause(2);
      return outcomes;
    } finally {
      this.#writing -= 1;
    }
  }

  async tryWindow(asked: Asked): Promise<readonly (readonly Outcome[])[]> {
    await this.#turns.pause(2);
    const outcomeOf = (error: LockstepError | null): Outcome =>
      error === null ? updated : { kind: 'failed', error };
    return this.#refusals(asked).map((errors) => errors.map(outcomeOf));
  }

  async holders(rows: readonly Row[]): Promise<readonly (readonly Holder[])[]> {
    await this.#turns.pause(2);
    return rows.map((row) => {
      const key = this.#holderOf(String(row['id']), row['unique']);
      return key === undefined ? [] : [{ key, columns: ['unique'], isOurs: true }];
    });
  }

  #refusals({ parts }: Asked): readonly (readonly (LockstepError | null)[])[] {
    const taken = new Map<unknown, Key>();
    const leaving = new Set(parts.flatMap(({ changes }) => changes.map(({ key }) => key)));
    for (const [key, { unique, isThere }] of this.#stored)
      if (isThere && !leaving.has(key)) taken.set(unique, key);
    return parts.map(({ changes }) => changes.map((change) => this.#refusalOf(change, taken)));
  }

  #refusalOf(change: Change, taken: Map<unknown, Key>): LockstepError | null {
    const { kind, key } = change;
    if (kind === 'leave') return null;
    if (kind === 'patch' && this.#stored.get(key)?.isThere !== true)
      return new LockstepError('row-missing', { collection: 'users' });
    const times = this.#refused.get(key) ?? 0;
    if (times > 0) {
      this.#refused.set(key, times - 1);
      return times % 2 === 0
        ? new LockstepError('value-refused', { collection: 'users', detail: 'for a while' })
        : new LockstepError('reference-missing', { collection: 'users', constraint: 'for a while' });
    }
    if (!this.#options.isUnique || kind === 'patch') return null;
    const { unique } = change.row;
    if (taken.has(unique))
      return new LockstepError('unique-conflict', { collection: 'users', constraint: 'u' });
    taken.set(unique, key);
    return null;
  }

  #write(change: Change): Outcome {
    const { key } = change;
    const before = this.#stored.get(key) ?? { a: 0, b: 0, unique: null, isThere: false };
    if (change.kind === 'leave') return this.#leave(key, before);
    const { a = before.a, b = before.b, unique = before.unique } = change.row;
    const after = { a: Number(a), b: Number(b), unique, isThere: true };
    if (after.a < before.a || after.b < before.b)
      this.violations.push(`${key}: ${after.a}/${after.b} over ${before.a}/${before.b}`);
    this.#stored.set(key, after);
    return before.isThere ? updated : inserted;
  }

  /** A removal says nothing of its version: it is the first one that is newer than what is here. */
  #leave(key: Key, before: Stored): Outcome {
    if (!before.isThere) return unchanged;
    const removed = this.#source.removedAfter(key, before.a);
    if (removed === undefined) this.violations.push(`${key}: a removal over ${before.a}`);
    const version = removed ?? before.a;
    this.#stored.set(key, { a: version, b: version, unique: null, isThere: false });
    return left;
  }

  #moveTo(position: number): void {
    if (position < this.#position) this.violations.push(`from ${this.#position} back to ${position}`);
    this.#position = position;
  }

  #holderOf(key: Key, unique: unknown): Key | undefined {
    for (const [other, stored] of this.#stored)
      if (other !== key && stored.isThere && stored.unique === unique) return other;
    return undefined;
  }
}

const lost = (detail: string): LockstepError =>
  new LockstepError('connection-lost', { address: 'destination', detail });
