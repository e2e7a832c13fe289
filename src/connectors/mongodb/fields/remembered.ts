import type { Element } from '../bson/layout.ts';

export type StoredValue = Pick<Element, 'type' | 'value'>;

/**
 * What objects were decoded from: as long as a mapping hands one on as a whole it is written as it was read, with the order of its fields.
 * Objects are frozen, or the driver's own, which nobody changes.
 */
const remembered = new WeakMap<object, StoredValue>();

export function remember<Decoded extends object>(decoded: Decoded, { type, value }: Element): Decoded {
  remembered.set(decoded, { type, value });
  return decoded;
}

export const storedValueOf = (decoded: object): StoredValue | undefined => remembered.get(decoded);
