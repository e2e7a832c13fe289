import { BSON } from 'mongodb';
import type { ChangeMeta } from '../../../../protocol/change.ts';
import type { ConnectorNotice } from '../../../../protocol/connector.ts';
import { isLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { FeedCollection } from '../../../../protocol/feed.ts';
import type { CollectionName, Key } from '../../../../protocol/names.ts';
import type { Element } from '../../bson/layout.ts';
import type { ClusterTime } from '../../cluster-time.ts';
import { ForeignIds } from '../../fields/foreign-ids.ts';
import { keyOfId } from '../../key.ts';
import { documentColumn, idColumn } from '../../names.ts';
import type { Batches } from './batches.ts';
import type { StreamEvent } from './event.ts';

export interface TellerParts {
  readonly collections: readonly FeedCollection[];
  readonly batches: Batches;
  readonly notice: (notice: ConnectorNotice) => void;
}

/**
 * What events mean:
 *
 * | event                                     | told as                                                                  |
 * |-------------------------------------------|--------------------------------------------------------------------------|
 * | insert, replace                           | the document                                                             |
 * | update                                    | a touch; the document where the collection keeps what it was after it (`changeStreamPreAndPostImages`) |
 * | delete                                    | a delete                                                                 |
 * | drop, rename from or to the collection    | a barrier: it is walked, as what was lost or gained is not told by documents |
 * | create                                    | nothing: its documents are told                                          |
 * | createIndexes, dropIndexes, modify        | a notice: a target that is there keeps its own                           |
 *
 * The document that `updateLookup` finds is none of the event's time, and what changes an array can't be merged without knowing it.
 */
export class Teller {
  readonly #batches: Batches;
  readonly #notice: TellerParts['notice'];
  readonly #bySource = new Map<CollectionName, FeedCollection[]>();
  #meta: ChangeMeta | null = null;

  constructor({ collections, batches, notice }: TellerParts) {
    this.#batches = batches;
    this.#notice = notice;
    for (const collection of collections) {
      const known = this.#bySource.get(collection.source) ?? [];
      this.#bySource.set(collection.source, [...known, collection]);
    }
  }

  /** `shownBy`: a read at this time or later shows it. */
  tell(event: StreamEvent, shownBy: ClusterTime): void {
    this.#batches.enter(event);
    const reaction = reactions[event.operation];
    if (reaction === undefined) return;
    // Of both collections that a rename is about, at once: behind its barrier is a boundary.
    const names = [event.collection, event.to].filter((name) => name !== null);
    const readers = names.flatMap((name) => this.#bySource.get(name) ?? []);
    const [first] = readers;
    if (first === undefined) return;
    const { source } = first;
    reaction(this, { event, shownBy, source, readers });
  }

  change({ event, readers, shownBy }: Told): void {
    if (event.id === null) return;
    const { operation, document, bytes } = event;
    const meta = this.#metaOf(event, shownBy);
    for (const reader of readers) {
      const { name: collection, columns } = reader;
      const key = spelledFor(reader, event.id);
      if (key === null) {
        // The walk that this asks for says what is wrong with it, and stops this collection alone.
        this.barrier(
          { event, shownBy, source: reader.source, readers: [reader] },
          'an id came that the target can’t have',
        );
        continue;
      }
      const base = { collection, key, meta };
      if (operation === 'delete') this.#batches.add({ kind: 'delete', ...base }, bytes);
      else if (document === null || !tellsDocuments(columns))
        this.#batches.add({ kind: 'touch', ...base }, bytes);
      else {
        const row = Object.freeze({ [idColumn]: key, [documentColumn]: document });
        const kind = operation === 'insert' ? 'insert' : 'update';
        this.#batches.add({ kind, ...base, row, complete: true }, bytes);
      }
    }
  }

  barrier({ event, readers, source }: Told, detail: string): void {
    const names = readers.map(({ name }) => name);
    const { operation, isOfTransaction: isWithin } = event;
    this.#batches.barrier(names, { kind: 'truncate', operation, source, detail }, { isWithin });
  }

  keepsItsOwn({ event, source }: Told): void {
    const said = BSON.EJSON.stringify(event.description ?? {});
    const message = `${source}: ${event.operation} at the source; the target keeps its own indexes and options: ${said}`;
    this.#notice({ kind: 'statement', message });
  }

  #metaOf({ atMs }: StreamEvent, transaction: ClusterTime): ChangeMeta {
    const known = this.#meta;
    if (known !== null && known.committedAtMs === atMs && known.transaction === transaction) return known;
    this.#meta = { origin: null, committedAtMs: atMs, version: null, transaction };
    return this.#meta;
  }
}

/** As the target spells keys; null: it can't have this one. */
function spelledFor({ keyTypes, name }: FeedCollection, id: Element): Key | null {
  const type = keyTypes?.[0] ?? null;
  if (type === null) return keyOfId(id);
  try {
    return new ForeignIds(type, name).keyOf(id);
  } catch (thrown) {
    if (isLockstepError(thrown, 'mongodb-id-unfit')) return null;
    throw thrown;
  }
}

/** Fields are read again by key: what is told of an update is not the document of its time, and the others have to stay at the source. */
export const tellsDocuments = (columns: FeedCollection['columns']): boolean =>
  columns?.includes(documentColumn) ?? false;

interface Told {
  readonly event: StreamEvent;
  readonly shownBy: ClusterTime;
  readonly source: CollectionName;
  readonly readers: readonly FeedCollection[];
}

type Reaction = (teller: Teller, told: Told) => void;

const change: Reaction = (teller, told) => teller.change(told);
const keepsItsOwn: Reaction = (teller, told) => teller.keepsItsOwn(told);

const reactions: Readonly<Record<string, Reaction>> = {
  insert: change,
  replace: change,
  update: change,
  delete: change,
  drop: (teller, told) => teller.barrier(told, `${told.source} was dropped at the source`),
  rename: (teller, told) => {
    const { collection, to } = told.event;
    teller.barrier(told, `${collection} was renamed to ${to} at the source`);
  },
  createIndexes: keepsItsOwn,
  dropIndexes: keepsItsOwn,
  modify: keepsItsOwn,
};
