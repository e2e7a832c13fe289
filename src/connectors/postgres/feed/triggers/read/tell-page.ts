import type { ChangeMeta, FeedChange } from '../../../../../protocol/change.ts';
import type { FeedItem } from '../../../../../protocol/feed.ts';
import type { CollectionName } from '../../../../../protocol/names.ts';
import { encodeKey, type KeyPart } from '../../../key.ts';
import type { CaptureReader } from '../capture-request.ts';
import { encodePosition, type LogPosition } from '../position.ts';
import type { LogRow } from './read-page.ts';

/** What the rows of one capture are told as. */
export interface CaptureReading {
  readonly source: CollectionName;
  readonly readers: readonly ReaderPlaces[];
}

interface ReaderPlaces {
  readonly name: string;
  /** Where in the log's key the columns of this plan's key are. */
  readonly places: readonly number[];
  /** How each of them is spelled, where the server spells it otherwise than we do; null: as it stands. */
  readonly spellings: readonly (((text: string) => string) | null)[];
}

/** Plans whose key has a column that the log has not are left out; the log says itself that it is a gap for them. */
export function captureReading(
  capture: {
    readonly source: CollectionName;
    readonly columns: readonly string[];
    readonly types: ReadonlyMap<string, string>;
  },
  readers: readonly CaptureReader[],
): CaptureReading {
  const fitting = readers.filter(({ key }) => key.every((name) => capture.columns.includes(name)));
  return {
    source: capture.source,
    readers: fitting.map(({ name, key }) => ({
      name,
      places: key.map((column) => capture.columns.indexOf(column)),
      spellings: key.map((column) => spellings[capture.types.get(column) ?? ''] ?? null),
    })),
  };
}

export interface PageTelling {
  readonly shard: string;
  readonly epoch: number;
  readonly from: LogPosition;
  /** Where it is safe to stop after the last row. */
  readonly end: LogPosition;
  readonly readings: ReadonlyMap<number, CaptureReading>;
}

/** The rows of a page as items: keys that come again are told once, and what is no change of a key stands where it happened. */
export function* tellPage(rows: readonly LogRow[], telling: PageTelling): Generator<FeedItem> {
  const batch = new TouchBatch(telling);
  let at = telling.from;
  let truncated = '';
  for (const row of rows) {
    const reading = telling.readings.get(row.capture);
    const position = { ...telling.from, xid: row.xid, seq: row.seq };
    if (keyOps.has(row.op)) {
      batch.add(row, reading);
      truncated = '';
    } else if (reading !== undefined && reading.readers.length > 0) {
      yield* batch.take(at);
      // One statement truncates all table partitions, and each of them says so.
      const name = `${row.xid}/${row.capture}`;
      if (row.op === 't' && truncated !== name) yield truncation(reading, telling, position);
      if (row.op === 'w') yield* newsOf(row, { reading, telling, at, position });
      truncated = row.op === 't' ? name : '';
    }
    at = position;
  }
  yield* batch.take(telling.end);
}

const keyOps: ReadonlySet<string> = new Set(['u', 'd', 'm', 'k']);

const namesOf = (reading: CaptureReading): readonly string[] => reading.readers.map(({ name }) => name);

const truncation = (reading: CaptureReading, telling: PageTelling, position: LogPosition): FeedItem => ({
  kind: 'barrier',
  shard: telling.shard,
  collections: namesOf(reading),
  event: { kind: 'truncate', source: reading.source, detail: 'the table was emptied by TRUNCATE' },
  boundary: encodePosition(position),
});

interface News {
  readonly reading: CaptureReading;
  readonly telling: PageTelling;
  readonly at: LogPosition;
  readonly position: LogPosition;
}

const kinds = ['drop', 'rename', 'shape', 'truncate'] as const;

function* newsOf({ key }: LogRow, { reading, telling, at, position }: News): Generator<FeedItem> {
  const [what, detail, gap] = key;
  const kind = kinds.find((candidate) => candidate === what) ?? 'shape';
  const event = { kind, source: reading.source, detail: detail ?? '' };
  const to = encodePosition(position);
  const collections = namesOf(reading);
  yield { kind: 'barrier', shard: telling.shard, collections, event, boundary: gap === 'gap' ? null : to };
  if (gap !== 'gap') return;
  const reason = `${reading.source}: ${event.detail}`;
  yield { kind: 'gap', gap: { shard: telling.shard, from: encodePosition(at), to, reason }, collections };
}

/** Touches of a page, each key once. */
class TouchBatch {
  readonly #telling: PageTelling;
  #changes: FeedChange[] = [];
  #known = new Set<string>();
  #bytes = 0;
  #meta: ChangeMeta | null = null;
  #xid: bigint | null = null;
  #atMs: number | null = null;

  constructor(telling: PageTelling) {
    this.#telling = telling;
  }

  add(row: LogRow, reading: CaptureReading | undefined): void {
    this.#atMs = row.atMs;
    if (reading === undefined) return;
    if (this.#meta === null || this.#xid !== row.xid)
      this.#meta = { origin: null, committedAtMs: row.atMs, version: null, transaction: null };
    this.#xid = row.xid;
    for (const reader of reading.readers) this.#touch(reader, row, this.#meta);
  }

  *take(end: LogPosition): Generator<FeedItem> {
    if (this.#changes.length === 0 && this.#atMs === null) return;
    const { shard, epoch } = this.#telling;
    const [changes, bytes, committedAtMs] = [this.#changes, this.#bytes, this.#atMs];
    this.#changes = [];
    this.#known = new Set();
    this.#bytes = 0;
    this.#atMs = null;
    yield { kind: 'batch', shard, epoch, changes, boundary: encodePosition(end), committedAtMs, bytes };
  }

  #touch(reader: ReaderPlaces, { op, key }: LogRow, meta: ChangeMeta): void {
    if (op === 'm') {
      this.#move(reader, key, meta);
      return;
    }
    const spelled = keyFor(reader, key);
    const known = `${op}${reader.name}\0${spelled}`;
    if (this.#known.has(known)) return;
    this.#known.add(known);
    const touch = { kind: 'touch', collection: reader.name, key: spelled, meta } as const;
    this.#add(op === 'u' ? touch : { ...touch, gone: true });
  }

  /** The log's key is two, one behind the other. */
  #move(reader: ReaderPlaces, keys: LogRow['key'], meta: ChangeMeta): void {
    const half = keys.length / 2;
    const previousKey = keyFor(reader, keys.slice(0, half));
    const key = keyFor(reader, keys.slice(half));
    // Only a column changed that is another plan's.
    if (previousKey === key) return;
    this.#add({ kind: 'touch', collection: reader.name, key, previousKey, meta });
  }

  #add(touch: FeedChange): void {
    this.#changes.push(touch);
    // The object, its place in two lists, and two texts.
    this.#bytes += 200 + 4 * touch.key.length;
  }
}

const keyFor = ({ places, spellings: own }: ReaderPlaces, key: LogRow['key']): string =>
  encodeKey(places.map((place, index) => spell(key[place] ?? null, own[index] ?? null)));

const spell = (text: KeyPart, own: ((text: string) => string) | null): KeyPart =>
  own === null || text === null ? text : own(text);

const spellings: Readonly<Record<string, (text: string) => string>> = {
  real: (text) => String(Math.fround(Number(text))),
  'double precision': (text) => String(Number(text)),
};
