import type { Key } from '../../../protocol/names.ts';

/** Which lane a key is of: a range of 32-bit FNV-1a hashes, http://www.isthe.com/chongo/tech/comp/fnv/. Never kept, so it may change. */
export function laneOf(key: Key, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return Math.floor(((hash >>> 0) / 0x1_0000_0000) * lanes);
}
