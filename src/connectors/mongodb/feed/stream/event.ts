import { BSON, type Document } from 'mongodb';
import { ElementScan, fieldName } from '../../bson/element-scan.ts';
import { keepingTypes } from '../../bson/id-value.ts';
import { bsonTypes, dateAt, type Element } from '../../bson/layout.ts';
import { type ClusterTime, millisecondsOf, timeAt } from '../../cluster-time.ts';

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

/** What stands at the scan is taken over. */
type Take = (draft: Draft, scan: ElementScan) => void;

const within = ({ bytes, valueAt }: ElementScan): ElementScan => new ElementScan(bytes, valueAt);

const collectionName = fieldName('coll');
const idName = fieldName('_id');

function collectionIn(namespace: ElementScan): string | null {
  const inner = within(namespace);
  while (inner.next()) if (inner.isNamed(collectionName)) return inner.text;
  return null;
}

const fields: Readonly<Record<string, Take>> = {
  _id: (draft, scan) => {
    draft.token = scan.value;
  },
  operationType: (draft, scan) => {
    draft.operation = scan.text;
  },
  clusterTime: (draft, { bytes, valueAt }) => {
    draft.time = timeAt(bytes, valueAt);
  },
  wallTime: (draft, { bytes, valueAt }) => {
    draft.atMs = dateAt(bytes, valueAt);
  },
  ns: (draft, scan) => {
    draft.collection = collectionIn(scan);
  },
  to: (draft, scan) => {
    draft.to = collectionIn(scan);
  },
  documentKey: (draft, scan) => {
    const inner = within(scan);
    while (inner.next()) if (inner.isNamed(idName)) draft.id = inner.element;
  },
  fullDocument: (draft, scan) => {
    if (scan.type === bsonTypes.document) draft.document = scan.value;
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
  const scan = new ElementScan(event);
  while (scan.next()) fields[scan.name]?.(draft, scan);
  if (Number.isNaN(draft.atMs)) draft.atMs = millisecondsOf(draft.time);
  return draft;
}
