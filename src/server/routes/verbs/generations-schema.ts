import { flag, list, number, object, one, orNull, type Schema, text } from '../schemas.ts';
import { failures } from './passes-schema.ts';

const generation = object({
  id: number,
  state: one('staging', 'staged', 'promoted', 'rolled-back', 'discarded'),
  readAtMs: number,
  promotedAtMs: orNull(number),
  rolledBackAtMs: orNull(number),
  held: orNull(text),
  positions: orNull({ type: 'object', additionalProperties: text }),
  canRollBack: flag,
  collections: list(
    object({
      collection: text,
      by: one('staged', 'swap'),
      lockedMs: orNull(number),
      rows: number,
      leaving: number,
      inserted: orNull(number),
      updated: orNull(number),
      left: orNull(number),
    }),
  ),
});

/** `GenerationList` and `GenerationResult` as JSON Schema. A test holds these against real answers. */
export const generationsSchema: Schema = object({ pipeline: text, generations: list(generation) });

export const generationSchema: Schema = object({
  pipeline: text,
  generation,
  letters: number,
  failures,
  paused: flag,
});
