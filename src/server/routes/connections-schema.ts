import { list, number, object, one, orNull, type Schema, text } from './schemas.ts';

/** `ConnectionList` as JSON Schema. A test holds it against real answers. */
export const connectionsSchema: Schema = object({
  connections: list(
    object({
      name: text,
      connector: orNull(text),
      address: orNull(text),
      keyId: orNull(text),
      withheld: orNull(one('key-unknown', 'damaged')),
      savedAtMs: number,
      usedBy: list(text),
    }),
  ),
});
