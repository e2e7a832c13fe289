import type { PreparedStep } from '../../../protocol/writer.ts';
import { formatName, type TableName } from '../names.ts';

/** Something of the source's table that its like at the destination will not have. */
export interface Omission {
  /** `the default of column total` */
  readonly what: string;
  readonly reason: string;
}

export const omissionStep =
  (table: TableName) =>
  ({ what, reason }: Omission): PreparedStep => ({
    what: `Left out of ${formatName(table)}: ${what}, because ${reason}`,
    statement: null,
  });

export const missing = (what: string, needs: readonly string[]): Omission => ({
  what,
  reason: `the destination has no ${needs.join(', no ')}`,
});
