import { createHash } from 'node:crypto';
import type { Client } from '../../demo/servers.ts';
import type { Stage } from './stage.ts';

/** What the chat should show of each active user, in SQL of its own: nothing of the recipe's mapping has a say here. */
const wanted = `
SELECT id::text || '|' || concat_ws(' ', first_name, last_name) || '|' || regexp_replace(phone, '\\D', '', 'g') || '|'
  || CASE WHEN email_verified THEN email ELSE '' END || '|' || role || '|' || coalesce(bio, '') AS line
FROM users u WHERE status = 'active'
  AND NOT EXISTS (SELECT FROM users o WHERE o.status = 'active' AND o.id < u.id AND regexp_replace(o.phone, '\\D', '', 'g') = regexp_replace(u.phone, '\\D', '', 'g'))`;

const shown = (clashing: readonly string[]): string => `
SELECT id::text || '|' || name || '|' || phone || '|' || coalesce(email, '') || '|' || role || '|' || coalesce("metaData" ->> 'bio', '') AS line
FROM users WHERE "externalId" = id AND "metaData" ->> 'deactivatedAt' IS NULL AND NOT id::text = ANY('{${clashing.join()}}')`;

/** Whether both sides hold the same users, judged by a sorted export of each, hashed here. `clashing`: users with a derived phone. */
export async function judge(
  { marketplace, chat }: Stage,
  clashing: readonly string[],
): Promise<{ readonly users: number; readonly equal: boolean }> {
  const [here, there] = [await exportOf(marketplace, wanted), await exportOf(chat, shown(clashing))];
  return { users: there.lines, equal: here.lines === there.lines && here.hash === there.hash };
}

async function exportOf(
  client: Client,
  sql: string,
): Promise<{ readonly lines: number; readonly hash: string }> {
  const { rows } = await client.query<{ line: string }>(
    `SELECT line FROM (${sql}) AS t ORDER BY line COLLATE "C"`,
  );
  const hash = createHash('sha256');
  for (const { line } of rows) hash.update(line).update('\n');
  return { lines: rows.length, hash: hash.digest('hex') };
}
