import { BSON } from 'mongodb';

/** An event, its documents as bytes. */
export interface RawChange {
  readonly collection: string;
  /** `{ _id: … }` */
  readonly key: Uint8Array;
  /** Null: it is gone. */
  readonly document: Uint8Array | null;
}

/** Embedded documents of it stay bytes. */
export function changeOf(event: Uint8Array): RawChange {
  const { ns, documentKey, fullDocument, operationType } = BSON.deserialize(event, { raw: true });
  // `updateLookup` finds none where it was deleted meanwhile; that is told later.
  const isGone = operationType === 'delete' || !(fullDocument instanceof Uint8Array);
  return {
    collection: BSON.deserialize(ns)['coll'],
    key: documentKey,
    document: isGone ? null : fullDocument,
  };
}

/** Of the command `update`. */
export function upsertion({ key, document }: RawChange): Uint8Array {
  return documentOf([embedded('q', key), embedded('u', document ?? new Uint8Array()), yes('upsert')]);
}

/** Of the command `delete`. */
export const deletion = ({ key }: RawChange): Uint8Array =>
  documentOf([embedded('q', key), Buffer.from('\x10limit\0\x01\0\0\0', 'latin1')]);

const embedded = (name: string, document: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`\x03${name}\0`, 'latin1'), document]);

const yes = (name: string): Buffer => Buffer.from(`\x08${name}\0\x01`, 'latin1');

function documentOf(elements: readonly Uint8Array[]): Uint8Array {
  const length = elements.reduce((sum, element) => sum + element.length, 5);
  const head = Buffer.alloc(4);
  head.writeInt32LE(length);
  return Buffer.concat([head, ...elements, Buffer.from([0])]);
}
