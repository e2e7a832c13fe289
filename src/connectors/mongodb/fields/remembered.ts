import { Given } from '../../../protocol/given.ts';
import type { Element } from '../bson/layout.ts';

export type StoredValue = Pick<Element, 'type' | 'value'>;

/**
 * What objects were decoded from: as long as a mapping hands one on as a whole it is written as it was read, with the order of its fields.
 * Objects are frozen afterwards, or the driver's own, which nobody changes.
 */
class Decoded extends Given {
  #stored: StoredValue;

  private constructor(decoded: object, stored: StoredValue) {
    super(decoded);
    this.#stored = stored;
  }

  static note(decoded: object, stored: StoredValue): void {
    if (#stored in decoded) decoded.#stored = stored;
    else new Decoded(decoded, stored);
  }

  static of(decoded: object): StoredValue | undefined {
    return #stored in decoded ? decoded.#stored : undefined;
  }
}

export function remember<Value extends object>(decoded: Value, { type, value }: Element): Value {
  Decoded.note(decoded, { type, value });
  return decoded;
}

export const storedValueOf = (decoded: object): StoredValue | undefined => Decoded.of(decoded);
