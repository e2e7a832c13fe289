import { Signal } from '../../../../src/engine/stream/signal.ts';
import type { FeedChange } from '../../../../src/protocol/change.ts';
import { LockstepError } from '../../../../src/protocol/errors/lockstep-error.ts';
import type { Key } from '../../../../src/protocol/names.ts';
import type { Row } from '../../../../src/protocol/value.ts';
import type { Turns } from './turns.ts';

/** How the feed tells a change; `silent`: not at all, a walk finds it. */
export type Telling = 'whole' | 'part' | 'touch' | 'silent';

export interface Write {
  readonly key: Key;
  readonly removes: boolean;
  /** All columns change, and not only `a`. */
  readonly isWide: boolean;
  /** The value that must be unique where the collection has alternatives. */
  readonly unique: number;
  readonly told: Telling;
}

/** `a` is the number of the change that made the row, `b` of the one that changed `b` last: both only grow. */
export interface ModelRow {
  readonly id: Key;
  readonly a: number;
  readonly b: number;
  readonly unique: number;
}

interface Version {
  readonly position: number;
  readonly version: number;
  readonly row: ModelRow | null;
}

export interface SourceOptions {
  readonly content: 'rows' | 'touches';
  /** Others see a transaction only some time after the feed has told it. */
  readonly lags: boolean;
  /** Whether replies say until where they have seen the source. */
  readonly says: 'always' | 'sometimes' | 'never';
}

interface LookupOptions {
  readonly shows?: readonly string[];
  readonly through?: (position: string) => void;
}

/** A database in memory: rows whose versions only grow, and the log of its transactions. A position is the number of a transaction. */
export class ModelSource {
  readonly committed = new Signal();
  /** What the feed tells of each transaction. */
  readonly log: (readonly FeedChange[])[] = [];
  readonly #turns: Turns;
  readonly #options: SourceOptions;
  readonly #versions = new Map<Key, Version[]>();
  #changes = 0;
  #visible = 0;
  #settling = 0;

  constructor(turns: Turns, options: SourceOptions) {
    this.#turns = turns;
    this.#options = options;
  }

  get head(): number {
    return this.log.length;
  }

  /** Others see everything, and were told of what the feed does not tell. */
  get isSettled(): boolean {
    return this.#settling === 0;
  }

  get keys(): readonly Key[] {
    return [...this.#versions.keys()];
  }

  /** Resolves once others see it. Returns the keys of which the feed tells nothing. */
  async commit(writes: readonly Write[]): Promise<readonly Key[]> {
    const position = this.head + 1;
    const told = writes.map((write) => this.#write(write, position));
    this.log.push(told.filter((change) => change !== null && change !== 'silent'));
    this.committed.fire();
    const silent = writes.filter((_, index) => told[index] === 'silent').map(({ key }) => key);
    this.#settling += 1;
    if (this.#options.lags) await this.#turns.pause(20);
    this.#visible = Math.max(this.#visible, position);
    this.#settling -= 1;
    return silent;
  }

  /** The row at a position, and the change that made it so. */
  at(key: Key, position: number): Version {
    const known = this.#versions.get(key)?.findLast((each) => each.position <= position);
    return known ?? { position: 0, version: 0, row: null };
  }

  /** The first removal of a row after this version; undefined: there is none. */
  removedAfter(key: Key, version: number): number | undefined {
    return this.#versions.get(key)?.find((each) => each.row === null && each.version > version)?.version;
  }

  /** Answers with the rows of some moment between call and answer. */
  async lookup(keys: readonly Key[], { shows = [], through }: LookupOptions): Promise<Map<Key, Row | null>> {
    await this.#turns.pause(4);
    this.#visible = Math.max(this.#visible, ...shows.map(Number));
    const moment = this.#visible;
    const rows = new Map(keys.map((key) => [key, asRow(this.at(key, moment).row)]));
    await this.#turns.pause(4);
    if (this.#turns.fails(24))
      throw new LockstepError('connection-lost', { address: 'source', detail: 'cut' });
    const { says } = this.#options;
    if (says === 'always' || (says === 'sometimes' && this.#turns.draw(2) === 0))
      through?.(`${this.#visible}`);
    return rows;
  }

  /** What the feed tells of it; null: nothing has changed. */
  #write(write: Write, position: number): FeedChange | 'silent' | null {
    const { key, removes, isWide, unique } = write;
    const before = this.at(key, position).row;
    if (removes && before === null) return null;
    this.#changes += 1;
    const version = this.#changes;
    const isAll = before === null || isWide;
    const row = removes
      ? null
      : { id: key, a: version, b: isAll ? version : before.b, unique: isAll ? unique : before.unique };
    const versions = this.#versions.get(key) ?? [];
    versions.push({ position, version, row });
    this.#versions.set(key, versions);
    return write.told === 'silent' ? 'silent' : this.#tell(write, { before, row, position });
  }

  #tell(
    { key, told, isWide }: Write,
    { before, row, position }: Record<'before' | 'row', ModelRow | null> & { readonly position: number },
  ): FeedChange {
    const transaction = this.#options.lags ? `${position}` : null;
    const meta = { origin: null, committedAtMs: null, version: null, transaction };
    const about = { collection: 'users', key, meta };
    if (this.#options.content === 'touches' || told === 'touch')
      return { ...about, kind: 'touch', ...(row === null && { gone: true }) };
    if (row === null) return { ...about, kind: 'delete' };
    const kind = before === null ? 'insert' : 'update';
    const complete = before === null || told === 'whole' || isWide;
    return { ...about, kind, complete, row: complete ? { ...row } : { id: row.id, a: row.a } };
  }
}

const asRow = (row: ModelRow | null): Row | null => (row === null ? null : { ...row });
