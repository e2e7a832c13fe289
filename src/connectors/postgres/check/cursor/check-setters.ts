import type { Finding } from '../../../../protocol/finding.ts';
import { finding } from '../../../../protocol/finding.ts';
import { qualified, quoteIdentifier } from '../../names.ts';
import type { TableColumn } from '../../reader/since/table-column.ts';
import type { Session } from '../../session/session.ts';
import { type SetterRow, settersQuery } from './cursor-facts.sql.ts';

interface Checked {
  readonly collection: string;
  readonly column: TableColumn;
}

interface Setters {
  readonly onInsert: string | null;
  readonly onUpdate: string | null;
}

const serversTime =
  /\b(now|transaction_timestamp|statement_timestamp|clock_timestamp)\(\)|\b(CURRENT_TIMESTAMP|LOCALTIMESTAMP)\b/i;

/** Who gives the column its value, as far as the catalogue shows: only the database's own clock or sequence is in step with what it commits. */
export async function checkSetters(
  session: Session,
  { collection, column }: Checked,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<readonly Finding[]> {
  const values = [column.table.oid, column.column.name];
  const { rows } = await session.query<SetterRow>(settersQuery, values, options);
  const setters = settersOf(column, rows);
  return [...judge(collection, column, setters), ...checkSequence(collection, column)];
}

function settersOf({ column, kind }: TableColumn, triggers: readonly SetterRow[]): Setters {
  const fills =
    kind === 'number'
      ? column.sequence !== null
      : column.default !== null && serversTime.test(column.default);
  const trigger = (event: 'insert' | 'update') => {
    const found = triggers.find((each) => each[event]);
    return found === undefined ? null : `the trigger ${found.name}`;
  };
  return { onInsert: trigger('insert') ?? (fills ? 'its default' : null), onUpdate: trigger('update') };
}

function judge(
  collection: string,
  { column, kind, table }: TableColumn,
  { onInsert, onUpdate }: Setters,
): readonly Finding[] {
  const subject = `${collection}.${column.name}`;
  const named = { collection, column: column.name };
  if (onInsert !== null && onUpdate !== null) {
    const found = `${onInsert} sets it in new rows and ${onUpdate} in changed ones`;
    return [finding({ level: 'info', subject }, 'cursor-guarantee', { ...named, found })];
  }
  if (kind === 'number' && onInsert !== null)
    return [finding({ level: 'warning', subject }, 'cursor-inserts-only', named)];
  const events = [...(onInsert === null ? ['inserted'] : []), ...(onUpdate === null ? ['updated'] : [])];
  const statement =
    kind === 'number' ? drawn : settingStatement(qualified(table), quoteIdentifier(column.name));
  const when = ` when a row is ${events.join(' or ')}`;
  return [finding({ level: 'warning', subject }, 'cursor-set-by-clients', { ...named, when, statement })];
}

const drawn = 'Let a trigger set it from a sequence, before each insert and update of a row.';

const settingStatement = (table: string, column: string): string =>
  `CREATE FUNCTION set_change_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.${column} = now(); RETURN NEW; END $$; CREATE TRIGGER set_change_time BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION set_change_time(); Leave it so where clients’ clocks are right and \`cursor.overlap\` is longer than their writes take.`;

function checkSequence(collection: string, { column, kind }: TableColumn): readonly Finding[] {
  const { sequence } = column;
  if (kind !== 'number' || sequence === null || sequence.cache === '1') return [];
  return [
    finding({ level: 'warning', subject: `${collection}.${column.name}` }, 'cursor-sequence-cached', {
      collection,
      column: column.name,
      cache: sequence.cache,
      sequence: qualified({ schema: sequence.schema, table: sequence.name }),
    }),
  ];
}
