import { z } from 'zod';

/**
 * A key range of a collection: `from <= key < to`; null is open. The unit of copying, resuming, comparing and
 * of spreading work over machines. Bounds are one text form per key column, so a partition can be stored and
 * sent. Never PostgreSQL's table partitions, which are always called so.
 */
export const partitionSchema = z.strictObject({
  /** Unique within the collection and stable through restarts: the task's name. */
  id: z.string(),
  from: z.array(z.string()).readonly().nullable(),
  to: z.array(z.string()).readonly().nullable(),
  estimatedRows: z.number(),
});
export type Partition = z.infer<typeof partitionSchema>;

/** All of a collection: for collections without a key, and wherever ranges mean nothing on the other side. */
export const wholeCollection = (estimatedRows: number): Partition => ({
  id: 'all',
  from: null,
  to: null,
  estimatedRows,
});
