import { flag, list, number, object, one, orNull, type Schema, text } from '../schemas.ts';

const finding = object({
  level: one('error', 'warning', 'info'),
  code: text,
  subject: text,
  message: text,
  cure: text,
});
const step = object({ what: text, statement: orNull(text) });
export const failures: Schema = list(object({ collection: text, code: text, message: text, cure: text }));
const keys = list(text);
const extents = list(
  object({
    collection: text,
    reads: one('all', 'since'),
    why: orNull(one('first', 'gap', 'comparison')),
    reason: orNull(text),
  }),
);

/** `CheckResult` and the others of `results.ts` as JSON Schema. A test holds these against real answers. */
export const checkSchema: Schema = object({
  pipeline: text,
  source: text,
  destination: text,
  ok: flag,
  findings: list(finding),
});

export const planSchema: Schema = object({
  pipeline: text,
  inStep: flag,
  steps: list(step),
  collections: list(
    object({
      collection: text,
      source: text,
      target: text,
      insert: number,
      update: number,
      leave: number,
      estimated: flag,
      unchanged: orNull(number),
      clashes: number,
      guarded: flag,
      comesIn: orNull(object({ by: one('copy', 'differences', 'whole', 'swap', 'direct'), reason: text })),
      samples: object({ insert: keys, update: keys, leave: keys }),
    }),
  ),
  failures,
  extents,
});

export const runSchema: Schema = object({
  pipeline: text,
  result: one('equal', 'pending', 'failed'),
  resumed: flag,
  seconds: number,
  steps: list(step),
  collections: list(object({ collection: text })),
  deadLetters: number,
  guards: list(object({ collection: text, leaving: number, total: number, samples: keys })),
  failures,
  extents,
});

const written = object({ inserted: number, updated: number, left: number });

export const verifySchema: Schema = object({
  pipeline: text,
  equal: flag,
  seconds: number,
  collections: list(
    object({
      collection: text,
      equal: flag,
      sourceRows: number,
      targetRows: number,
      missing: number,
      extra: number,
      different: number,
      clashes: number,
      explained: object({ deadLetters: number, held: number }),
      samples: object({ missing: keys, extra: keys, different: keys }),
      method: text,
    }),
  ),
  repaired: orNull(written),
  failures,
});
