import { z } from 'zod';
import { storedAppearance } from './appearance.ts';

/** What the journal keeps of one that is swapped in. */
export const swapSchema = z.strictObject({
  /** Of the table that is not the target: the staged one, then the former one. */
  oid: z.int(),
  /** What the target looked like when the other was made like it. */
  looks: storedAppearance,
  /** Of what has a name in its table's schema: in the target, while it is staged, and once it is the former one. */
  names: z.array(
    z.strictObject({
      kind: z.enum(['index', 'statistics', 'sequence']),
      name: z.string(),
      staged: z.string(),
      former: z.string(),
    }),
  ),
  /** Sequences that go with the column. */
  sequences: z.array(z.strictObject({ schema: z.string(), sequence: z.string(), column: z.string() })),
});
export type SwapRecord = Readonly<z.infer<typeof swapSchema>>;
