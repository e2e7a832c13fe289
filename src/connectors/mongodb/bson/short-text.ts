/** Texts that come again and again: names of fields, of collections and of operations. Longer ones are rarely among them. */
const mostBytes = 32;
const slots = 1024;

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** By a hash of their bytes; a text takes the place of another with the same one. */
const known = new Array<Known | undefined>(slots).fill(undefined);

/** Text between two places of some bytes. Short texts that were made before are not made again: that takes a tenth of the time. */
export function textAt(bytes: Uint8Array, from: number, to: number): string {
  const length = to - from;
  if (length > mostBytes) return decode(bytes, from, to);
  let hash = length;
  for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  const slot = hash & (slots - 1);
  const there = known[slot];
  if (there !== undefined && there.bytes.length === length && isAt(there.bytes, bytes, from))
    return there.text;
  const text = decode(bytes, from, to);
  // A copy: of a Buffer `slice` would be a view, which keeps all of it.
  known[slot] = { bytes: new Uint8Array(bytes.subarray(from, to)), text };
  return text;
}

/** Whether these bytes lie at that place of others. */
export function isAt(wanted: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < wanted.length; at += 1) if (wanted[at] !== bytes[from + at]) return false;
  return true;
}

const decode = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', from, to);

/** Names come from configurations and from fields of documents: of these there may be any number. */
const mostNames = 4096;
const nameBytes = new Map<string, Uint8Array>();

export function bytesOfName(name: string): Uint8Array {
  const there = nameBytes.get(name);
  if (there !== undefined) return there;
  const bytes = Buffer.from(name);
  if (nameBytes.size >= mostNames) nameBytes.clear();
  nameBytes.set(name, bytes);
  return bytes;
}
