import { int32At } from './layout.ts';

/** Where each of the documents that lie one after the other begins and ends. */
export function* placesOf(bytes: Uint8Array): Iterable<readonly [from: number, to: number]> {
  for (let from = 0; from < bytes.length; ) {
    const to = from + int32At(bytes, from);
    yield [from, to];
    from = to;
  }
}

export function* splitDocuments(bytes: Uint8Array): Iterable<Uint8Array> {
  for (const [from, to] of placesOf(bytes)) yield bytes.subarray(from, to);
}

/**
 * The documents of an array of documents, one after the other. They are moved together where they lie, over the type and the number that the
 * array has before each: the array is no array any more, and nothing is allocated, which counts with megabytes a reply.
 */
export function takeDocuments(array: Uint8Array): { readonly bytes: Uint8Array; readonly count: number } {
  const end = array.length - 1;
  let [to, count] = [0, 0];
  for (let at = 4; at < end; count += 1) {
    const from = array.indexOf(0, at + 1) + 1;
    at = from + int32At(array, from);
    array.copyWithin(to, from, at);
    to += at - from;
  }
  return { bytes: array.subarray(0, to), count };
}
