import type { ChangeMeta, FeedChange } from '../../../../../protocol/change.ts';
import { type Lsn, versionOf } from '../lsn.ts';
import { headType, type SpilledTransaction, type TransactionSpill } from '../spill/transaction-spill.ts';
import type { Assembler } from './assembler.ts';
import { FieldReader } from './field-reader.ts';
import { HeadDecoder } from './head-decoder.ts';
import type { Projection } from './projection.ts';
import { readRelation, readType } from './relation.ts';
import type { KnownRelation, RelationBook } from './relation-book.ts';
import type { TransactionClock } from './transaction-clock.ts';
import { Tuple } from './tuple.ts';

/** A streamed transaction that was committed and is to be told from disk before anything else. */
export interface Replay {
  readonly spilled: SpilledTransaction;
  readonly end: { readonly lsn: Lsn; readonly atMs: number };
}

export interface DecoderParts {
  readonly book: RelationBook;
  readonly assembler: Assembler;
  readonly spill: TransactionSpill;
  readonly clock: TransactionClock;
}

/** What a change costs in memory beside its text, which becomes about twice as large. */
const changeBytes = 200;

/**
 * Messages of pgoutput, protocol version 2, values as text
 * (https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html):
 *
 * | state             | messages                          | next                                      |
 * |-------------------|-----------------------------------|-------------------------------------------|
 * | between           | B                                 | in a transaction                          |
 * |                   | S                                 | in a stream block                         |
 * |                   | c                                 | replaying (`replay` is set)               |
 * |                   | A                                 | between, the spilled part is forgotten    |
 * | in a transaction  | O Y R I U D T M                   | the same                                  |
 * |                   | C                                 | between                                   |
 * | in a stream block | all of a transaction, with an xid | the same, onto disk                       |
 * |                   | E                                 | between                                   |
 * | replaying         | what was spilled                  | between, by `endReplay`                   |
 */
export class PgOutputDecoder {
  readonly #book: RelationBook;
  readonly #assembler: Assembler;
  readonly #spill: TransactionSpill;
  readonly #clock: TransactionClock;
  readonly #new = new Tuple();
  readonly #old = new Tuple();
  #meta: ChangeMeta = { origin: null, committedAtMs: null, version: null, transaction: null };
  readonly #heads: HeadDecoder;
  #inBlock = false;
  #replay: Replay | null = null;

  constructor({ book, assembler, spill, clock }: DecoderParts) {
    this.#book = book;
    this.#assembler = assembler;
    this.#spill = spill;
    this.#clock = clock;
    this.#heads = new HeadDecoder({ book, assembler, meta: () => this.#meta });
  }

  /** Set: no further message may be given before it was told and ended. */
  get replay(): Replay | null {
    return this.#replay;
  }

  /** One message between two offsets. */
  take(bytes: Buffer, start: number, end: number): void {
    const type = String.fromCharCode(bytes[start] ?? 0);
    if (this.#inBlock && type !== 'E') {
      this.#spill.add(bytes, start, end);
      return;
    }
    if (this.#takeRow(type, bytes, { at: start + 1, size: (end - start) * 2 + changeBytes })) return;
    this.#takeRare(type, new FieldReader(bytes, start + 1), { bytes, start, end });
  }

  /** The beginning of a message that is too large to be held: its row is read again by key, if the key is there. */
  takeHead(bytes: Buffer, start: number, end: number): void {
    if (this.#inBlock) this.#spill.addHead(bytes, start, end);
    else this.#heads.take(bytes, start, end);
  }

  endReplay(): void {
    if (this.#replay === null) return;
    this.#assembler.commit(this.#replay.end);
    this.#replay = null;
  }

  #takeRow(type: string, bytes: Buffer, message: { readonly at: number; readonly size: number }): boolean {
    if (type !== 'I' && type !== 'U' && type !== 'D') return false;
    const known = this.#book.get(bytes.readUInt32BE(message.at));
    if (known === undefined) throw new Error('a change of a table that was not described');
    const fields = message.at + 4;
    if (type === 'I') {
      this.#new.scan(bytes, fields + 1);
      this.#tellRow('insert', known, { bytes, older: null, size: message.size });
    } else if (type === 'U') this.#takeUpdate(known, bytes, { at: fields, size: message.size });
    else {
      this.#old.scan(bytes, fields + 1);
      for (const projection of known.projections)
        this.#tellKey('delete', projection, {
          key: projection.key(bytes, this.#old, null),
          size: changeBytes,
        });
    }
    return true;
  }

  /** K: the old identity, told when it changed; O: the whole old row; then N: the new row. */
  #takeUpdate(
    known: KnownRelation,
    bytes: Buffer,
    { at, size }: { readonly at: number; readonly size: number },
  ): void {
    const hasOld = bytes[at] !== 0x4e;
    const next = hasOld ? this.#old.scan(bytes, at + 1) : at;
    this.#new.scan(bytes, next + 1);
    this.#tellRow('update', known, { bytes, older: hasOld ? this.#old : null, size });
  }

  #tellRow(
    kind: 'insert' | 'update',
    { projections }: KnownRelation,
    { bytes, older, size }: { readonly bytes: Buffer; readonly older: Tuple | null; readonly size: number },
  ): void {
    for (const projection of projections) {
      const key = projection.key(bytes, this.#new, older);
      const oldKey = older === null ? key : projection.key(bytes, older, null);
      if (projection.touches) {
        if (oldKey !== key) this.#tellKey('touch', projection, { key: oldKey, size: changeBytes });
        this.#tellKey('touch', projection, { key, size: changeBytes });
        continue;
      }
      const row = projection.row(bytes, this.#new, older);
      const change: FeedChange = { kind, collection: projection.collection, key, row, meta: this.#meta };
      this.#assembler.add(oldKey === key ? change : { ...change, previousKey: oldKey }, size);
    }
  }

  #tellKey(
    kind: 'delete' | 'touch',
    { collection }: Projection,
    { key, size }: { readonly key: string; readonly size: number },
  ): void {
    this.#assembler.add({ kind, collection, key, meta: this.#meta }, size);
  }

  #takeRare(
    type: string,
    fields: FieldReader,
    { bytes, start, end }: { readonly bytes: Buffer; readonly start: number; readonly end: number },
  ): void {
    switch (type) {
      case 'B':
        this.#begin({ lsn: fields.uint64(), atMs: fields.time() }, fields.uint32());
        break;
      case 'C':
        this.#commit(fields);
        break;
      case 'O':
        this.#origin(fields);
        break;
      case 'R':
        this.#describe(bytes, start + 1);
        break;
      case 'Y':
        this.#book.noteType(readType(bytes, start + 1));
        break;
      case 'T':
        this.#truncate(fields);
        break;
      case headType:
        this.#heads.take(bytes, start + 1, end);
        break;
      case 'M':
        break;
      default:
        this.#takeStreamed(type, fields);
        break;
    }
  }

  #takeStreamed(type: string, fields: FieldReader): void {
    switch (type) {
      case 'S':
        this.#inBlock = true;
        this.#spill.begin(fields.uint32());
        break;
      case 'E':
        this.#inBlock = false;
        this.#spill.pause();
        break;
      case 'c':
        this.#commitStreamed(fields);
        break;
      case 'A':
        this.#spill.abort(fields.uint32(), fields.uint32());
        break;
      default:
        throw new Error(`an unknown message of the type ${JSON.stringify(type)}`);
    }
  }

  #begin({ lsn, atMs }: { readonly lsn: Lsn; readonly atMs: number }, xid: number): void {
    this.#meta = {
      origin: null,
      committedAtMs: atMs,
      version: versionOf(lsn),
      transaction: this.#clock.widen(xid),
    };
    this.#assembler.begin(this.#meta);
  }

  #commit(fields: FieldReader): void {
    fields.byte();
    fields.uint64();
    this.#assembler.commit({ lsn: fields.uint64(), atMs: fields.time() });
  }

  #origin(fields: FieldReader): void {
    fields.uint64();
    this.#meta = { ...this.#meta, origin: fields.text() };
  }

  #describe(bytes: Buffer, at: number): void {
    const noted = this.#book.note(readRelation(bytes, at));
    if (noted === null || noted.of.collections.length === 0) return;
    const { kind, detail } = noted.change;
    this.#assembler.barrier(noted.of.collections, { kind, source: noted.of.source, detail });
  }

  #truncate(fields: FieldReader): void {
    const count = fields.uint32();
    fields.byte();
    for (let index = 0; index < count; index += 1) {
      const known = this.#book.get(fields.uint32());
      if (known === undefined || known.collections.length === 0) continue;
      const { schema, table } = known.relation;
      const detail = `${schema}.${table} was truncated`;
      this.#assembler.barrier(known.collections, { kind: 'truncate', source: known.source, detail });
    }
  }

  #commitStreamed(fields: FieldReader): void {
    const xid = fields.uint32();
    fields.byte();
    const lsn = fields.uint64();
    const end = { lsn: fields.uint64(), atMs: fields.time() };
    this.#begin({ lsn, atMs: end.atMs }, xid);
    this.#replay = { spilled: this.#spill.take(xid), end };
  }
}
