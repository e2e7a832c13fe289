import type { ChangeMeta, RowBacking } from '../../../../../protocol/change.ts';
import type { Key } from '../../../../../protocol/names.ts';
import type { Row } from '../../../../../protocol/value.ts';
import type { Projection } from './projection.ts';
import { Tuple } from './tuple.ts';

/** What changes of one collection have in common that came in one piece of network. */
export interface RowSource {
  readonly kind: 'insert' | 'update';
  readonly projection: Projection;
  /** Never written to again. */
  readonly bytes: Buffer;
}

/** Filled again for each row that is made. */
const scanned = new Tuple();

/**
 * A row that was told whole, still as the bytes of its message. Most changes wait for a window to be written, and many are overtaken by a
 * newer one of their key while they wait: rows that are made when they are needed are garbage at once, which costs next to nothing, while
 * rows that wait as objects are moved by every collection.
 */
export class RowChange implements RowBacking {
  readonly key: Key;
  readonly meta: ChangeMeta;
  readonly #source: RowSource;
  /** Where the row's TupleData begins. */
  readonly #at: number;

  constructor(source: RowSource, tuple: Tuple, meta: ChangeMeta) {
    this.key = source.projection.key(source.bytes, tuple, null);
    this.meta = meta;
    this.#source = source;
    this.#at = tuple.at;
  }

  get kind(): 'insert' | 'update' {
    return this.#source.kind;
  }

  get collection(): string {
    return this.#source.projection.collection;
  }

  get complete(): true {
    return true;
  }

  get backing(): RowBacking {
    return this;
  }

  get layout(): 'pgoutput' {
    return 'pgoutput';
  }

  get projection(): Projection {
    return this.#source.projection;
  }

  get bytes(): Buffer {
    return this.#source.bytes;
  }

  /** Where its fields are, until it is asked of another row. */
  get fields(): Tuple {
    scanned.scan(this.#source.bytes, this.#at);
    return scanned;
  }

  /** Made anew each time. */
  get row(): Row {
    const { bytes, projection } = this.#source;
    return projection.row(bytes, this.fields, null);
  }
}

type Kind = RowSource['kind'];

/** The sources of the newest piece of network; older ones are only held by their changes. */
export class RowSources {
  #bytes: Buffer | null = null;
  readonly #newest: Readonly<Record<Kind, Map<Projection, RowSource>>> = {
    insert: new Map(),
    update: new Map(),
  };

  of(kind: Kind, projection: Projection, bytes: Buffer): RowSource {
    if (this.#bytes !== bytes) this.#begin(bytes);
    const known = this.#newest[kind].get(projection);
    if (known !== undefined) return known;
    const made = { kind, projection, bytes };
    this.#newest[kind].set(projection, made);
    return made;
  }

  #begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#newest.insert.clear();
    this.#newest.update.clear();
  }
}
