import type { CollectionInfo, Document } from 'mongodb';
import { isLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionName } from '../../../protocol/names.ts';
import type { Shape } from '../../../protocol/shape.ts';
import { keepingTypes } from '../bson/id-value.ts';
import { allFields, dialect, documentColumn, idColumn } from '../names.ts';
import type { Deployment } from '../session/deployment.ts';

/** What a collection of the same kind is made from. */
export interface MongodbCollection {
  /** As `create` takes them. */
  readonly options: Document;
  /** Without that of `_id`; as `createIndexes` takes them. */
  readonly indexes: readonly Document[];
  readonly kind: 'collection' | 'view' | 'timeseries';
}

interface SignalOption {
  readonly signal: AbortSignal;
}

/** Null: there is no such collection. */
export async function describeCollection(
  deployment: Deployment,
  collection: CollectionName,
  options: SignalOption,
): Promise<Shape | null> {
  try {
    return await describe(deployment, collection, options);
  } catch (thrown) {
    // Dropped between the questions.
    if (isLockstepError(thrown, 'collection-gone')) return null;
    throw thrown;
  }
}

function describe(
  deployment: Deployment,
  collection: CollectionName,
  options: SignalOption,
): Promise<Shape | null> {
  return deployment.run({ ...options, collection }, async (db) => {
    const [found] = await db
      .listCollections<CollectionInfo>({ name: collection }, { ...keepingTypes, signal: options.signal })
      .toArray();
    if (found === undefined) return null;
    const kind = kindOf(found.type);
    const indexes =
      kind === 'collection' ? await db.collection(collection).listIndexes(keepingTypes).toArray() : [];
    const native: MongodbCollection = {
      options: found.options ?? {},
      indexes: indexes.filter(({ name }) => name !== '_id_').map(toSpecification),
      kind,
    };
    return toShape(collection, native, await sizeOf(deployment, collection, { ...options, kind }));
  });
}

const kindOf = (type: string | undefined): MongodbCollection['kind'] =>
  type === 'view' || type === 'timeseries' ? type : 'collection';

/** `ns` is what older servers add, and newer ones do not take. */
function toSpecification({ ns: _namespace, ...index }: Document): Document {
  return index;
}

interface Size {
  readonly rows: number;
  readonly bytes: number;
}

async function sizeOf(
  deployment: Deployment,
  collection: string,
  { kind, signal }: SignalOption & Pick<MongodbCollection, 'kind'>,
): Promise<Size> {
  if (kind !== 'collection') return { rows: 0, bytes: 0 };
  const stages = [
    { $collStats: { storageStats: {} } },
    { $project: { storageStats: { count: 1, size: 1 } } },
  ];
  const [stats] = await deployment.db
    .collection(collection)
    .aggregate<Document>(stages, { signal })
    .toArray();
  return {
    rows: Number(stats?.['storageStats']?.count ?? 0),
    bytes: Number(stats?.['storageStats']?.size ?? 0),
  };
}

/** A collation decides about the order of ids and about which are equal, and may differ on the other side. */
function toShape(collection: CollectionName, native: MongodbCollection, size: Size): Shape {
  const column = { nullable: false, generated: false, hasDefault: false };
  return {
    collection,
    dialect,
    columns: [
      { name: idColumn, type: 'bson value', ...column },
      { name: documentColumn, type: 'bson document', ...column },
    ],
    open: { all: allFields },
    key: { columns: [idColumn], order: native.options['collation'] === undefined ? 'bson' : null },
    uniques: [],
    references: [],
    estimatedRows: size.rows,
    estimatedBytes: size.bytes,
    native,
  };
}

/** What a shape of ours was made from; null for shapes of other dialects. */
export const collectionOf = (shape: Shape): MongodbCollection | null =>
  shape.dialect === dialect && isCollection(shape.native) ? shape.native : null;

const isCollection = (native: unknown): native is MongodbCollection =>
  typeof native === 'object' && native !== null && 'indexes' in native && 'options' in native;
