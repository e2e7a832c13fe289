import { BSON, type Document } from 'mongodb';
import { keepingTypes } from '../../bson/id-value.ts';
import { bsonTypes, type Element, elementsOf } from '../../bson/layout.ts';
import { type ClusterTime, millisecondsOf, timeOfBytes } from '../../cluster-time.ts';
import { textOf } from './text.ts';

/** An event of a change stream (https://www.mongodb.com/docs/manual/reference/change-events/), of which only what is needed is decoded. */
export interface StreamEvent {
  readonly operation: string;
  readonly time: ClusterTime;
  /** The source's clock when it was written, in epoch milliseconds; before MongoDB 6.0 to the second. */
  readonly atMs: number;
  readonly token: Uint8Array;
  readonly collection: string | null;
  /** Of a rename. */
  readonly to: string | null;
  readonly id: Element | null;
  /** As it is stored; null: only the key is told. */
  readonly document: Uint8Array | null;
  /** It may be one of several that were committed together. */
  readonly isOfTransaction: boolean;
  /** What an event about a collection itself says, for people. */
  readonly description: Document | null;
  readonly bytes: number;
}

type Draft = { -readonly [Field in keyof StreamEvent]: StreamEvent[Field] };

type Take = (draft: Draft, element: Element) => void;

const asText = ({ value }: Element): string => textOf(value, 4, value.length - 1);

const collectionIn = ({ value }: Element): string | null => {
  for (const inner of elementsOf(value)) if (inner.name === 'coll') return asText(inner);
  return null;
};

const fields: Readonly<Record<string, Take>> = {
  _id: (draft, { value }) => {
    draft.token = value;
  },
  operationType: (draft, element) => {
    draft.operation = asText(element);
  },
  clusterTime: (draft, { value }) => {
    draft.time = timeOfBytes(value);
  },
  wallTime: (draft, { value }) => {
    draft.atMs = Number(Buffer.from(value.buffer, value.byteOffset, value.length).readBigInt64LE());
  },
  ns: (draft, element) => {
    draft.collection = collectionIn(element);
  },
  to: (draft, element) => {
    draft.to = collectionIn(element);
  },
  documentKey: (draft, { value }) => {
    for (const inner of elementsOf(value)) if (inner.name === '_id') draft.id = inner;
  },
  fullDocument: (draft, { type, value }) => {
    if (type === bsonTypes.document) draft.document = value;
  },
  txnNumber: (draft) => {
    draft.isOfTransaction = true;
  },
  operationDescription: (draft, { type, value }) => {
    if (type === bsonTypes.document) draft.description = BSON.deserialize(value, keepingTypes);
  },
};

const nothing = new Uint8Array();

export function readEvent(event: Uint8Array): StreamEvent {
  const draft: Draft = {
    operation: '',
    time: '',
    atMs: Number.NaN,
    token: nothing,
    collection: null,
    to: null,
    id: null,
    document: null,
    isOfTransaction: false,
    description: null,
    bytes: event.length,
  };
  for (const element of elementsOf(event)) fields[element.name]?.(draft, element);
  if (Number.isNaN(draft.atMs)) draft.atMs = millisecondsOf(draft.time);
  return draft;
}
