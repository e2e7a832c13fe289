import { z } from 'zod';
import { pipelineAlertsSchema } from './alerts.ts';
import type { Alternatives, MapFunction } from './mapping.ts';

/** The parts of the configuration that no connector owns. Defaults are here and nowhere else. */

const name = z.string().min(1);
const milliseconds = z.int().min(0).max(86_400_000);

const stored = {
  /** The type in which the target stores it, in its spelling: where it does not say so itself. */
  as: name.optional(),
  /** Written when the row is made and left alone from then on; never compared. */
  onInsert: z.literal(true).optional(),
};

const columnSource = z.union([
  z.literal(true),
  z.string().min(1),
  z.strictObject({ column: name, ...stored }),
  z.strictObject({ expression: z.string().min(1), ...stored }),
  z.strictObject({ mapped: z.literal(true), ...stored }),
]);

const scopeSchema = z.union([
  z.enum(['all', 'owned']),
  z.strictObject({ where: z.string().min(1) }),
  /** Rows that we wrote, and those that are found for the first time and for which this holds. */
  z.strictObject({ adopt: z.string().min(1) }),
]);

const leavingSchema = z.union([
  z.enum(['delete', 'keep']),
  z.strictObject({
    mark: z.strictObject({
      set: z.record(name, z.string()),
      marked: z.string().min(1),
      clear: z.record(name, z.string()),
    }),
  }),
  z.strictObject({
    custom: z.strictObject({
      statement: z.string().min(1),
      absent: z.string().min(1),
      clear: z.record(name, z.string()).default({}),
    }),
  }),
]);

export const guardSchema = z.strictObject({
  /** Share of our target rows that may leave in one pass; above it the pass holds them back until `approve`. */
  maxLeavingShare: z.number().min(0).max(1).default(0.2),
  /** Below this many rows the share is not looked at (everything leaving is still held back). */
  fromRows: z.int().min(0).default(100),
});

/** By which column an incremental pipeline finds what changed. */
export const cursorSchema = z.strictObject({
  /** A column of the source that grows whenever a row is written: a time that the database sets, or a number from a sequence. */
  column: name,
  /** So much before the cursor is read again: a time such as `30s`, of a column of numbers a number. Default: `1m`, or 0. */
  overlap: z
    .union([
      z.string().regex(/^\d{1,6}[smhd]$/, 'must be a number and s, m, h or d, such as 1m'),
      z.int().min(0),
    ])
    .optional(),
  /** IANA name; needed for a column without time zone: the zone in which its times are written. */
  timeZone: z.string().min(1).optional(),
});

export const collectionSchema = z.strictObject({
  /** The collection that is read, where it is not this entry's name: so that several may read one. */
  source: name.optional(),
  /** The target's name; default: this entry's. */
  target: name.optional(),
  /** Target columns that identify a row; default: the primary key. */
  key: z.array(name).min(1).optional(),
  /** Which columns: a list of names, or target column → where from. Default: all that the source has. */
  columns: z.union([z.array(name).min(1), z.record(name, columnSource)]).optional(),
  /** All columns but these. */
  exclude: z.array(name).min(1).optional(),
  /** A function over whole rows; then `columns` says what it returns (`mapped: true` for columns it makes itself). */
  map: z.custom<MapFunction>((value) => typeof value === 'function', 'must be a function').optional(),
  /** Source columns that `map` sees; default: all that are selected. */
  mapReads: z.array(name).min(1).optional(),
  /** Change it when `map` changes: functions can't be compared. */
  mapVersion: z.string().optional(),
  /** Unique target column → further values, in order, for a row whose own is taken. */
  alternatives: z
    .record(
      name,
      z.custom<Alternatives>((value) => typeof value === 'function', 'must be a function'),
    )
    .optional(),
  filter: z.string().min(1).optional(),
  /** Target columns that belong to the target: never written, never compared. */
  owned: z.array(name).optional(),
  scope: scopeSchema.optional(),
  leaving: leavingSchema.default('delete'),
  guard: guardSchema
    .partial()
    .extend({
      /** All rows may leave as long as the source has rows at all: for a `map` that picks a few of them. */
      mayEmpty: z.boolean().optional(),
    })
    .optional(),
  /** Of mode `incremental`, where each collection has one. */
  cursor: cursorSchema.optional(),
  /** A table with the new rows takes the place of the target. Default: where `refresh.by` is `swap`. */
  swap: z.boolean().optional(),
});
export type CollectionConfig = z.output<typeof collectionSchema>;

export const retrySchema = z.strictObject({
  /** Attempts of one piece of work before the pass gives up. */
  attempts: z.int().min(1).max(1000).default(8),
  initialDelayMs: milliseconds.default(250),
  maxDelayMs: milliseconds.default(30_000),
  factor: z.number().min(1).max(10).default(2),
});
export type RetrySettings = z.output<typeof retrySchema>;

/** How a live pipeline streams. */
export const streamSchema = z.strictObject({
  /** Changes of one window at most; a larger source transaction is still one window as long as the destination takes it. */
  windowChanges: z.int().min(1).max(1_000_000).default(20_000),
  /**
   * Transactions in which a large window is written at once, by ranges of key hashes. More than one tears transactions of the source; the
   * position follows when all lanes are done.
   */
  lanes: z.int().min(1).max(16).default(1),
  /** What is read ahead of the destination, in bytes of memory. */
  readAheadBytes: z.int().min(65_536).max(1_073_741_824).default(2_097_152),
  /** A source transaction above this (in bytes of our memory, some 30,000 small rows) is written in pieces, each in a transaction of its own. */
  transactionBytes: z.int().min(65_536).max(1_073_741_824).default(8_388_608),
  /** Failures in a row of one side after which nothing is tried for `breakerPauseMs`. */
  breakerFailures: z.int().min(1).max(1000).default(5),
  breakerPauseMs: milliseconds.default(5_000),
});

/** What happens when the source's shape changes under way. */
export const driftSchema = z.strictObject({
  /** `ignore`: the column is not mapped (the default when columns are listed). `follow`: the target gets it. `pause`: the collection stops. */
  columnAdded: z.enum(['follow', 'pause', 'ignore']).default('pause'),
  /** `ignore`: the target keeps its column as it is. A column that is renamed is one that is gone and one that is new. */
  columnDropped: z.enum(['follow', 'pause', 'ignore']).default('pause'),
  /** `ignore`: texts that are too long for the target get letters; with another type that does not fit it pauses all the same. */
  typeChanged: z.enum(['follow', 'pause', 'ignore']).default('pause'),
  /** An enum of a mapped column got a value that the target's lacks. `ignore`: rows that have it get letters, all others flow. */
  enumValueAdded: z.enum(['follow', 'pause', 'ignore']).default('ignore'),
  /**
   * A new collection matches a pattern of the configuration. `ignore`: it is told, and joins at the next start. `follow`: it joins, and is
   * created where `create` allows that. `pause`: it joins once somebody has made its target; until then the pipeline is degraded and says how.
   */
  tableAdded: z.enum(['follow', 'pause', 'ignore']).default('ignore'),
});

/** A cron expression alone is local time of the engine. `atStart`: also when `start` begins; default: a full pipeline does, a live one does not. */
export const scheduleSchema = z.union([
  z.string().min(1),
  z.strictObject({
    cron: z.string().min(1),
    /** IANA name; default: that of the engine. */
    timeZone: z.string().min(1).optional(),
    atStart: z.boolean().optional(),
  }),
  z.strictObject({
    /** Counted from 1970 in UTC, so that all engines mean the same moments. */
    every: z.string().regex(/^[1-9]\d{0,6}[smhd]$/, 'must be a number and s, m, h or d, such as 15m'),
    atStart: z.boolean().optional(),
  }),
]);
export type ScheduleSettings = z.output<typeof scheduleSchema>;

/** Of an incremental pipeline that says nothing else. */
export const defaultComparison: ScheduleSettings = { every: '1d' };

/** How a full run brings in what differs from a target that has rows already. */
export const refreshSchema = z.strictObject({
  /**
   * `staged`: put aside while both sides are compared, then brought in by one transaction over all collections, which can be taken back.
   * `swap`: the same, but a table made aside with all rows takes the place of each target.
   * `direct`: written as it is found, in many transactions, without an inverse.
   */
  by: z.enum(['staged', 'swap', 'direct']).default('staged'),
  /** How many of the newest generations can be taken back, one after the other. */
  keep: z.int().min(0).max(100).default(2),
});

export const pipelineSettingsSchema = z.strictObject({
  mode: z.enum(['full', 'incremental', 'live']).default('full'),
  /** When `start` runs a full or incremental pipeline; when a live one compares both sides and mends what differs. */
  schedule: scheduleSchema.optional(),
  /** When a run of an incremental pipeline compares everything, which finds what was deleted. `off`: only when it is asked to. Default: `{ every: '1d' }`. */
  comparison: z.union([z.literal('off'), scheduleSchema]).optional(),
  stream: streamSchema.prefault({}),
  drift: driftSchema.prefault({}),
  refresh: refreshSchema.prefault({}),
  /** Create target tables that do not exist, from the source's shape. `plan` shows the statements first. */
  create: z.boolean().default(false),
  /** Pieces of work side by side; each takes a connection on either side. */
  lanes: z.int().min(1).max(64).default(2),
  rowsPerPartition: z.int().min(100).max(100_000_000).default(150_000),
  guard: guardSchema.prefault({}),
  retry: retrySchema.prefault({}),
  alerts: pipelineAlertsSchema.prefault({}),
  /** Letters per collection before it stops. */
  deadLetterLimit: z.int().min(1).default(100_000),
  /** Keys of each kind that `plan` and `verify` show. */
  samples: z.int().min(0).max(1000).default(10),
});
export type PipelineSettings = z.output<typeof pipelineSettingsSchema>;

/** `collections`: a list of names and patterns, or name → mapping. */
export const collectionsSchema = z.union([
  z.array(name).min(1),
  z
    .record(name, z.union([z.literal(true), collectionSchema]))
    .refine((value) => Object.keys(value).length > 0, 'must name at least one collection'),
]);
