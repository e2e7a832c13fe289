import { quoteIdentifier } from '../../../names.ts';
import type { LogLayout, TriggerEvent } from '../log-layout.ts';

/** `statement`: one entry for all rows of a statement. `row`: where a subscription writes, which fires row triggers only. */
export type CaptureStyle = 'statement' | 'row';

export interface TriggerPlace {
  readonly layout: LogLayout;
  readonly capture: number;
  /** Quoted, with its schema. */
  readonly table: string;
}

/** What fires on a table, or on a table partition: statements that name a partition do not fire the triggers of its parent. */
export function eventsOf(style: CaptureStyle, kind: string): readonly TriggerEvent[] {
  if (style === 'statement') return ['insert', 'update', 'delete', 'truncate'];
  return kind === 'p' ? ['truncate'] : ['row', 'truncate'];
}

export function createTrigger({ layout, capture, table }: TriggerPlace, event: TriggerEvent): string {
  const name = quoteIdentifier(layout.triggerName(event));
  const { what, how } = firing[event];
  return `CREATE TRIGGER ${name} AFTER ${what} ON ${table} ${how} EXECUTE FUNCTION ${layout.captureFunction(capture)}()`;
}

interface Firing {
  readonly what: string;
  readonly how: string;
}

const firing: Readonly<Record<TriggerEvent, Firing>> = {
  insert: { what: 'INSERT', how: 'REFERENCING NEW TABLE AS lockstep_new FOR EACH STATEMENT' },
  update: {
    what: 'UPDATE',
    how: 'REFERENCING OLD TABLE AS lockstep_old NEW TABLE AS lockstep_new FOR EACH STATEMENT',
  },
  delete: { what: 'DELETE', how: 'REFERENCING OLD TABLE AS lockstep_old FOR EACH STATEMENT' },
  truncate: { what: 'TRUNCATE', how: 'FOR EACH STATEMENT' },
  row: { what: 'INSERT OR UPDATE OR DELETE', how: 'FOR EACH ROW' },
};

/** Also when session_replication_role is replica. */
export const enableAlways = ({ layout, table }: TriggerPlace, event: TriggerEvent): string =>
  `ALTER TABLE ONLY ${table} ENABLE ALWAYS TRIGGER ${quoteIdentifier(layout.triggerName(event))}`;

export const dropTrigger = (table: string, trigger: string): string =>
  `DROP TRIGGER ${quoteIdentifier(trigger)} ON ${table}`;
