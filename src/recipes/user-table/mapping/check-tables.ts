import type { Settings } from '../settings/settings.ts';
import { roleWords } from './roles.ts';
import type { Columns, Tables } from './tables.ts';

const neededAtSource = ['id', 'email', 'phone', 'status', 'role'];
const neededInChat = ['id', 'externalId', 'name', 'phone', 'email', 'role', 'metaData'];

/** What of the mapping these two tables can't hold; the rest is found by the engine's own check. */
export function faultsOfTables(
  { source, chat }: Tables,
  { statuses }: Pick<Settings, 'statuses'>,
): readonly string[] {
  if (source.size === 0 || chat.size === 0)
    return [
      ...(source.size === 0 ? ['the marketplace’s database has no table public.users'] : []),
      ...(chat.size === 0 ? ['the chat application’s database has no table public.users'] : []),
    ];
  const { lacking } = roleWords(chat.get('role')?.labels ?? null);
  const known = source.get('status')?.labels ?? null;
  return [
    ...missing(source, neededAtSource).map((name) => `the marketplace’s users have no column ${name}`),
    ...missing(chat, neededInChat).map((name) => `the chat’s users have no column "${name}"`),
    ...lacking.map((role) => `the enum of the chat’s users.role lacks ${role}`),
    ...statuses
      .filter((status) => known !== null && !known.includes(status))
      .map(
        (status) => `SYNC_STATUSES names ${status}, which the marketplace’s enum lacks: ${known?.join(', ')}`,
      ),
  ];
}

const missing = (columns: Columns, names: readonly string[]): readonly string[] =>
  names.filter((name) => !columns.has(name));
