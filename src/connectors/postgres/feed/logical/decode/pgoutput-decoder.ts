import type { FeedChange } from '../../../../../protocol/change.ts';
import type { Lsn } from '../lsn.ts';
import { headType, type SpilledTransaction, type TransactionSpill } from '../spill/transaction-spill.ts';
import type { Assembler } from './assembler.ts';
import { FieldReader } from './field-reader.ts';
import { HeadDecoder } from './head-decoder.ts';
import type { Projection } from './projection.ts';
import { readRelation, readType } from './relation.ts';
import type { KnownRelation, RelationBook } from './relation-book.ts';
import { RowChange, RowSources } from './row-change.ts';
import type { TransactionClock } from './transaction-clock.ts';
import { TransactionMeta } from './transaction-meta.ts';
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

const insertType = 0x49; // 'I'
const updateType = 0x55; // 'U'
const deleteType = 0x44; // 'D'
const blockEnd = 0x45; // 'E'

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
  readonly #sources = new RowSources();
  #meta = new TransactionMeta(0n, { origin: null, committedAtMs: null, transaction: null });
  /** What the message that is being taken counts for. */
  #size = 0;
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
    const type = bytes[start] ?? 0;
    if (this.#inBlock && type !== blockEnd) {
      this.#spill.add(bytes, start, end);
      return;
    }
    this.#size = (end - start) * 2 + changeBytes;
    if (this.#takeRow(type, bytes, start + 1)) return;
    const fields = new FieldReader(bytes, start + 1);
    this.#takeRare(String.fromCharCode(type), fields, { bytes, start, end });
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

  #takeRow(type: number, bytes: Buffer, at: number): boolean {
    if (type !== insertType && type !== updateType && type !== deleteType) return false;
    const known = this.#book.get(bytes.readUInt32BE(at));
    if (known === undefined) throw new Error('a change of a table that was not described');
    const fields = at + 4;
    if (type === insertType) {
      this.#new.scan(bytes, fields + 1);
      this.#tellRows('insert', known, bytes);
    } else if (type === updateType) this.#takeUpdate(known, bytes, fields);
    else {
      this.#old.scan(bytes, fields + 1);
      for (const projection of known.projections)
        this.#tellKey('delete', projection, projection.key(bytes, this.#old, null));
    }
    return true;
  }

  /** K: the old identity, told when it changed; O: the whole old row; then N: the new row. */
  #takeUpdate(known: KnownRelation, bytes: Buffer, at: number): void {
    const hasOld = bytes[at] !== 0x4e;
    const next = hasOld ? this.#old.scan(bytes, at + 1) : at;
    this.#new.scan(bytes, next + 1);
    if (!hasOld) this.#tellRows('update', known, bytes);
    else for (const projection of known.projections) this.#tellBeside(projection, bytes, this.#old);
  }

  /** A row without its older form, which is what nearly all changes are. */
  #tellRows(kind: 'insert' | 'update', { projections }: KnownRelation, bytes: Buffer): void {
    for (const projection of projections) {
      const isWhole = projection.hasAll && !this.#new.lacks;
      if (projection.touches) this.#tellKey('touch', projection, projection.key(bytes, this.#new, null));
      // What is told from disk lies in a buffer that is used again.
      else if (isWhole && this.#replay === null) {
        const source = this.#sources.of(kind, projection, bytes);
        this.#assembler.add(new RowChange(source, this.#new, this.#meta), this.#size);
      } else this.#assembler.add(this.#rowNow(kind, projection, { bytes, older: null }), this.#size);
    }
  }

  /** A row beside its older form: its key may be another one, and what the new one lacks may stand in the old one. */
  #tellBeside(projection: Projection, bytes: Buffer, older: Tuple): void {
    const oldKey = projection.key(bytes, older, null);
    if (projection.touches) {
      const key = projection.key(bytes, this.#new, older);
      if (oldKey === key) this.#tellKey('touch', projection, key);
      else this.#tellMove(projection, oldKey, key);
      return;
    }
    const change = this.#rowNow('update', projection, { bytes, older });
    this.#assembler.add(oldKey === change.key ? change : { ...change, previousKey: oldKey }, this.#size);
  }

  #rowNow(
    kind: 'insert' | 'update',
    projection: Projection,
    { bytes, older }: { readonly bytes: Buffer; readonly older: Tuple | null },
  ): Extract<FeedChange, { readonly row: unknown }> {
    const { collection } = projection;
    const key = projection.key(bytes, this.#new, older);
    const row = projection.row(bytes, this.#new, older);
    const complete = projection.isComplete(this.#new, row);
    return { kind, collection, key, row, complete, meta: this.#meta };
  }

  #tellKey(kind: 'delete' | 'touch', { collection }: Projection, key: string): void {
    this.#assembler.add({ kind, collection, key, meta: this.#meta }, changeBytes);
  }

  #tellMove({ collection }: Projection, previousKey: string, key: string): void {
    this.#assembler.add({ kind: 'touch', collection, key, previousKey, meta: this.#meta }, changeBytes);
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
    const transaction = this.#clock.widen(xid);
    this.#meta = new TransactionMeta(lsn, { origin: null, committedAtMs: atMs, transaction });
    this.#assembler.begin(this.#meta);
  }

  #commit(fields: FieldReader): void {
    fields.byte();
    fields.uint64();
    this.#assembler.commit({ lsn: fields.uint64(), atMs: fields.time() });
  }

  #origin(fields: FieldReader): void {
    fields.uint64();
    this.#meta = this.#meta.from(fields.text());
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
      const oid = fields.uint32();
      this.#book.noteTruncation(oid);
      const known = this.#book.get(oid);
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
