import type { TableName } from '../../../names.ts';
import type { Session } from '../../../session/session.ts';
import type { EnumState } from '../../enums.sql.ts';
import type { LogLayout } from '../log-layout.ts';
import { tablesQuery } from './tables.sql.ts';

/** A source table as the catalogue has it now, with everything whose rows are read with it. */
export interface TableFacts {
  readonly oid: number;
  /** The table itself first. */
  readonly members: readonly MemberFacts[];
  readonly columns: readonly ColumnFacts[];
  readonly enums: readonly EnumState[];
  /** Functions of ours that fire there. */
  readonly functions: readonly FunctionFacts[];
}

export interface MemberFacts extends TableName {
  readonly oid: number;
  /** pg_class.relkind */
  readonly kind: string;
  readonly persistence: string;
  /** Another one means that the table was written anew; null where there is no file. */
  readonly filenode: number | null;
  readonly owner: string;
  /** We are its owner, or may act as it. */
  readonly owned: boolean;
  readonly mayTrigger: boolean;
  /** A subscription writes it. */
  readonly subscribed: boolean;
  /** Ours, of this pipeline. */
  readonly triggers: readonly TriggerFacts[];
}

export interface TriggerFacts {
  readonly name: string;
  /** pg_trigger.tgenabled: O origin, A always, R replica, D disabled. */
  readonly enabled: string;
  readonly function: string;
}

export interface ColumnFacts {
  readonly name: string;
  readonly number: number;
  readonly formatType: string;
  /** Of the type beneath a domain, without modifiers. */
  readonly type: string;
}

export interface FunctionFacts {
  readonly name: string;
  /** Hash of its text. */
  readonly body: string;
  /** Its owner may still write the log. */
  readonly logs: boolean;
}

export interface WantedTable extends TableName {
  /** 0: by name. */
  readonly oid: number;
}

/** In the order of `wanted`; null: there is no such table. */
export async function readTableFacts(
  session: Session,
  request: { readonly layout: LogLayout; readonly wanted: readonly WantedTable[] },
  options: { readonly signal: AbortSignal },
): Promise<readonly (TableFacts | null)[]> {
  const { layout, wanted } = request;
  const values = [
    wanted.map(({ oid }) => oid),
    wanted.map(({ table }) => table),
    wanted.map(({ schema }) => schema),
    layout.schemaName,
    layout.captureNames,
    layout.log,
    layout.gap,
  ];
  const { rows } = await session.query<{ item: string | null }>(tablesQuery, values, options);
  return rows.map(({ item }) => {
    if (item === null) return null;
    const facts: TableFacts = JSON.parse(item);
    return facts;
  });
}
