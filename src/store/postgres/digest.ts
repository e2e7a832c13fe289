import { createHash } from 'node:crypto';

/** Stands for a key in indexes, which take no texts above 2.7 kB. */
export const digestOf = (text: string): Uint8Array => createHash('sha256').update(text).digest();
