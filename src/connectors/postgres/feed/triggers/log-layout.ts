import type { PipelineName } from '../../../../protocol/names.ts';
import { qualified, quoteIdentifier } from '../../names.ts';

export const triggerEvents = ['insert', 'update', 'delete', 'truncate', 'row'] as const;
export type TriggerEvent = (typeof triggerEvents)[number];

/**
 * What we make at the source for one pipeline, all of it in our schema. The first word of a name has no `_`, so two pipelines
 * never share a name. Sequences are used as registers: they are read and set outside of any snapshot and never bloat.
 */
export interface LogLayout {
  readonly pipeline: PipelineName;
  readonly schemaName: string;
  readonly schema: string;
  /** The change log: one row per changed key. */
  readonly log: string;
  readonly logName: string;
  /** Which table, with which columns, each number in the log means, and what it looked like when we last looked. */
  readonly captures: string;
  /** One row: which log this is. */
  readonly epoch: string;
  /** Numbers the rows of the log. */
  readonly rows: string;
  /** Moves when a change could not be logged. */
  readonly gap: string;
  /** Until when the reader wants to be woken, in seconds since 1970; 0: it is awake. */
  readonly asleep: string;
  /** All rows of this transaction and older ones were taken away. */
  readonly lowXid: string;
  /** About the number before the first row of the log. */
  readonly lowRow: string;
  /** When the log was last empty, or its first row was written, in seconds since 1970. */
  readonly lowAt: string;
  /** Index of the log, in the order of reading. */
  readonly order: string;
  /** Notices rows that somebody else takes out of the log. */
  readonly guard: string;
  /** Where writers wake the reader; not quoted. */
  readonly channelName: string;
  /** The name of a capture's function, in our schema. */
  captureName(capture: number): string;
  /** The same, quoted and with its schema. */
  captureFunction(capture: number): string;
  /** Matches the names of the functions of all captures. */
  readonly captureNames: string;
  triggerName(event: TriggerEvent): string;
}

/** Names that somebody chose, for tools that know them from before. */
export interface ChosenNames {
  readonly trigger?: string | undefined;
  readonly function?: string | undefined;
  readonly channel?: string | undefined;
}

export function logLayout(schemaName: string, pipeline: PipelineName, chosen: ChosenNames = {}): LogLayout {
  const captureName = captureNaming(pipeline, chosen.function);
  const named = (word: string): string => qualified({ schema: schemaName, table: `${word}_${pipeline}` });
  return {
    pipeline,
    schemaName,
    schema: quoteIdentifier(schemaName),
    log: named('log'),
    logName: `log_${pipeline}`,
    captures: named('captures'),
    epoch: named('epoch'),
    rows: named('rows'),
    gap: named('gap'),
    asleep: named('asleep'),
    lowXid: named('lowxid'),
    lowRow: named('lowrow'),
    lowAt: named('lowat'),
    order: quoteIdentifier(`order_${pipeline}`),
    guard: named('guard'),
    channelName: chosen.channel ?? `lockstep_${pipeline}`,
    captureName,
    captureFunction: (capture) => qualified({ schema: schemaName, table: captureName(capture) }),
    captureNames:
      chosen.function === undefined ? `^capture_[0-9]+_${pipeline}$` : `^${chosen.function}(_[0-9]+)?$`,
    triggerName: (event) =>
      chosen.trigger === undefined
        ? `lockstep_${shortened[event]}_${pipeline}`
        : `${chosen.trigger}${endings[event]}`,
  };
}

const captureNaming =
  (pipeline: PipelineName, chosen: string | undefined) =>
  (capture: number): string => {
    if (chosen === undefined) return `capture_${capture}_${pipeline}`;
    return capture === 1 ? chosen : `${chosen}_${capture}`;
  };

/** PostgreSQL allows one event for each statement trigger with transition tables. */
const endings: Readonly<Record<TriggerEvent, string>> = {
  insert: '',
  update: '_update',
  delete: '_delete',
  truncate: '_truncate',
  row: '_row',
};

/** Names end at 63 bytes. */
const shortened: Readonly<Record<TriggerEvent, string>> = {
  insert: 'ins',
  update: 'upd',
  delete: 'del',
  truncate: 'trn',
  row: 'row',
};
