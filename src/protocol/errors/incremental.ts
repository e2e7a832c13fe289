import { defineErrors } from './entry.ts';

/** Pipelines that read what changed since a cursor. Most of these are findings of `check`. */
export const incrementalErrors = defineErrors({
  'cursor-needs-key': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection} has no key, so what changed since a cursor can’t be written',
    cause: 'A row that is read again has to find the row at the target that it was before.',
    cure: 'Give {collection} a primary key, or name its `key`; else use mode full.',
  },
  'incremental-leaves-deletes': {
    level: 'info',
    class: 'configuration',
    exit: 'configuration',
    message: 'What the source deletes leaves the target with the next comparison ({schedule})',
    cause:
      'A row that is gone can’t be found by its cursor. Comparing both sides finds it, and all that changed without its cursor.',
    cure: 'Nothing is needed. `lockstep run --compare` compares at once, `comparison` says when it is done by itself.',
  },
  'incremental-never-compares': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message:
      'With `comparison: off` what the source deletes stays at the target until somebody runs `lockstep run --compare`',
    cause: 'A row that is gone can’t be found by its cursor, and neither can what changed without it.',
    cure: 'Leave `comparison` out (once a day), or set a schedule; leave it so only if nothing is ever deleted.',
  },
  'cursor-unsupported': {
    class: 'configuration',
    exit: 'configuration',
    message: '{connector} can’t tell what changed since a cursor',
    cause: 'Mode incremental needs a source that can be asked for what changed since.',
    cure: 'Use mode full, or mode live where the source has a feed.',
  },
  'cursor-type-unfit': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}.{column} is {type}, by which what changed can’t be told',
    cause: 'A cursor needs a column whose values only grow: a time to the microsecond, or a whole number.',
    cure: 'Name a column of type timestamp with time zone, timestamp, bigint, integer or smallint.',
  },
  'cursor-overlap-unfit': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}.{column} is {type}, and its overlap is {overlap}',
    cause: 'What is read again before the cursor is counted in the cursor’s own measure.',
    cure: 'Write a time such as 1m for a column of times, and a whole number for a column of numbers.',
  },
  'cursor-zone-missing': {
    class: 'configuration',
    exit: 'configuration',
    message:
      '{collection}.{column} has no time zone, and `cursor.timeZone` does not say in which its times are written',
    cause:
      'Times without a zone can’t be compared with the server’s clock, so what was written meanwhile could be passed over.',
    cure: 'Set `cursor.timeZone`, such as UTC or Europe/Berlin: the time zone of the sessions that write.',
  },
  'cursor-zone-unknown': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: the source knows no time zone {zone}',
    cause: 'The name is misspelt, or the server’s time zone data lacks it.',
    cure: 'Write a name of pg_timezone_names, such as UTC or Europe/Berlin.',
  },
  'cursor-guarantee': {
    level: 'info',
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: what changed is told by {column}; {found}',
    cause: 'Only what changes the cursor’s column is seen between two comparisons.',
    cure: 'Nothing is needed. What is deleted, and what changes a row but not {column}, is found by the next comparison; `lockstep run --compare` makes one at once.',
  },
  'cursor-set-by-clients': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: nothing shows that the database itself sets {column}{when}',
    cause:
      'A value from a client’s clock may be older than the cursor by the time it arrives, and is then passed over until the next comparison. So is an update that leaves the column alone.',
    cure: '{statement}',
  },
  'cursor-inserts-only': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: {column} is given when a row is inserted, so updates of rows are not seen',
    cause:
      'The column has a number from a sequence, and no trigger gives a row a new one when it is updated.',
    cure: 'Nothing, if rows are never updated; else name a column that every update sets. Until then updates wait for the next comparison.',
  },
  'cursor-sequence-cached': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message:
      '{collection}: sessions draw {cache} numbers of {column} at once, so a lower number may be written later',
    cause:
      'With CACHE above 1 a session keeps numbers for itself, and rows with lower numbers may come after the cursor has passed them.',
    cure: 'ALTER SEQUENCE {sequence} CACHE 1; or set `cursor.overlap` to more than all sessions together hold.',
  },
  'cursor-unindexed': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: no index begins with {column}, so each pass reads the whole table at the source',
    cause: 'What is newer than the cursor is found by an index, or by looking at every row.',
    cure: '{statement}',
  },
  'cursor-nullable': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: {column} may be null; rows without a value ({rows}) are read in every pass',
    cause: 'Of a row without a value nobody can tell whether it changed.',
    cure: 'Fill the column and ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL; or leave it so, if these rows are few.',
  },
  'cursor-open-unseen': {
    level: 'info',
    class: 'configuration',
    exit: 'configuration',
    message: 'The role {user} may not see since when other transactions have been open',
    cause:
      'Without it a transaction counts as open since the pass before the one that first found it, so each pass reads again what the one before read. Nothing is missed.',
    cure: 'GRANT pg_read_all_stats TO {user};',
  },
  'cursor-on-standby': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message: 'The source is a standby, where the transactions that are open on its primary can’t be seen',
    cause:
      'A row whose transaction ends later than `cursor.overlap` after it took its time is passed over until the next comparison.',
    cure: 'Read from the primary, or set `cursor.overlap` to more than the longest transaction lasts.',
  },
  'cursor-prepared': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message:
      'A prepared transaction ({gid}) has been open since {since}, and cursors can’t pass what it may have written',
    cause: 'Its rows become visible when it is committed, with the times and numbers that they got before.',
    cure: 'COMMIT PREPARED or ROLLBACK PREPARED it, if nobody will. Until then each pass reads again all that is newer.',
  },
});
