import type { Session } from '../../../session/session.ts';
import type { LogLayout } from '../log-layout.ts';

/** Files that a truncation in the log explains, as `oid/filenode`. Reads the whole log, so only asked when a file is another. */
export async function truncations(
  session: Session,
  { layout, capture }: { readonly layout: LogLayout; readonly capture: number },
  options: { readonly signal: AbortSignal },
): Promise<ReadonlySet<string>> {
  const { rows } = await session.query<{ file: string }>(
    `SELECT DISTINCT key[1] || '/' || key[2] AS file FROM ${layout.log} WHERE op = 't' AND capture = $1`,
    [capture],
    options,
  );
  return new Set(rows.map(({ file }) => file));
}
