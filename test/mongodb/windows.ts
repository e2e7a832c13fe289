import { BSON } from 'mongodb';
import { mongodbConfigSchema } from '../../src/connectors/mongodb/config.ts';
import { wholeRow } from '../../src/connectors/mongodb/fields/selected.ts';
import { keyOfDocument } from '../../src/connectors/mongodb/key.ts';
import { Deployment } from '../../src/connectors/mongodb/session/deployment.ts';
import type { Destination } from '../../src/connectors/mongodb/writer/destination.ts';
import { MongodbWriter } from '../../src/connectors/mongodb/writer/mongodb-writer.ts';
import { Slots } from '../../src/connectors/mongodb/writer/state/slots.ts';
import { stateOf } from '../../src/connectors/mongodb/writer/state/state-documents.ts';
import type { Change } from '../../src/protocol/change.ts';
import type { Outcome } from '../../src/protocol/outcome.ts';
import type { Target, WindowWrite } from '../../src/protocol/writer.ts';
import { holding, never, type PlanOptions, pipeline } from '../conformance/writer/writer-under-test.ts';
import type { MongoTestDatabase } from '../support/mongo.ts';
import { documentsPlan } from './plan.ts';

export interface OpenedCollection extends AsyncDisposable {
  readonly destination: Destination;
  readonly writer: MongodbWriter;
  readonly target: Target;
}

interface OpenOptions extends PlanOptions {
  readonly fence?: number;
  readonly create?: boolean;
  readonly notice?: Destination['notice'];
}

/** An owner's writer, the first one's unless told otherwise, with a collection opened. */
export async function openCollection(
  { url }: Pick<MongoTestDatabase, 'url'>,
  collection = 't',
  { fence = 1, create = false, notice = () => {}, ...options }: OpenOptions = { scope: { kind: 'all' } },
): Promise<OpenedCollection> {
  const config = mongodbConfigSchema.parse({ connector: 'mongodb', url });
  const deployment = await Deployment.open(config, { connections: 4, signal: never });
  const slots = new Slots(deployment.client, 2);
  const state = stateOf(deployment);
  const destination: Destination = { deployment, slots, state, pipeline, notice };
  const writer = new MongodbWriter(destination);
  await writer.attach(holding(fence));
  const target = await writer.open({ ...documentsPlan(collection, options), create }, holding(fence));
  return { destination, writer, target, [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose]() };
}

export const put = (document: Uint8Array): Change => ({
  kind: 'upsert',
  key: keyOfDocument(document),
  row: wholeRow(document),
});

/** A change to a document of these fields. */
export const set = (fields: BSON.Document): Change => put(BSON.serialize(fields));

export const drop = (id: unknown): Change => ({
  kind: 'leave',
  key: keyOfDocument(BSON.serialize({ _id: id })),
});

export const windowOver = (target: Target, changes: readonly Change[], at = 'p1'): WindowWrite => ({
  parts: [{ target, changes }],
  position: { shard: 'main', lane: 0, at },
  marks: new Map(),
  newestLetter: 0,
});

export const kindsOf = ([outcomes = []]: readonly (readonly Outcome[])[]): readonly string[] =>
  outcomes.map(({ kind }) => kind);

export const documentsPerWindow = 200;

/** Window n gives the same documents the value n, and adds one of its own. */
export const countingChanges = (n: number): readonly Change[] => [
  ...Array.from({ length: documentsPerWindow }, (_, _id) => set({ _id, v: n })),
  set({ _id: documentsPerWindow + n, v: n }),
];
