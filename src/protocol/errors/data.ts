import { defineErrors } from './entry.ts';

/** Rows and changes that a destination does not take, or a source does not give. */
export const dataErrors = defineErrors({
  'unique-conflict': {
    class: 'deferred',
    exit: 'pending',
    message: '{collection}: another row holds a value that must be unique ({constraint})',
    cause: 'Two rows of the source want the same unique value, or a row outside our scope holds it.',
    cure: 'Find the row that holds the value; it may belong to somebody else. The key is tried again on every run.',
  },
  'reference-missing': {
    class: 'deferred',
    exit: 'pending',
    message:
      '{collection}: the row that it refers to is not there, or one that refers to it still is ({constraint})',
    cause: 'The referenced row is not part of the pipeline, was filtered out, or is a dead letter itself.',
    cure: 'Add the referenced collection to the pipeline, or map the reference to null. The key is tried again on every run.',
  },
  'key-change-refused': {
    class: 'deferred',
    exit: 'pending',
    message: '{collection}: a row’s key changed, and the destination can’t follow: {detail}',
    cause:
      'Rows of the destination refer to the row by a foreign key that does not let its key change (no ON UPDATE CASCADE), or a check or trigger refuses the new key. Deleting the row under its former key would take those rows, or what they refer to, with it.',
    cure: 'Add ON UPDATE CASCADE to the foreign key, or let the rows that refer to it point to the new key. The key is tried again on every run.',
  },
  'constraint-unmet': {
    class: 'collection',
    exit: 'failed',
    message: '{collection}: the rows do not satisfy {constraint}, which could not be made',
    cause:
      'The source’s own rows break it (they came while its triggers were switched off), or a filter or mapping keeps out rows that others refer to.',
    cure: 'Mend the rows or the filter and run again. All rows are there; only this key or foreign key is missing.',
  },
  'value-refused': {
    class: 'change',
    exit: 'pending',
    message: '{collection}: the destination refuses a value: {detail}',
    cause:
      'A value is out of range, too long, null where it must not be, breaks a check, or a trigger raised an error.',
    cure: 'Correct the row at the source, the mapping, or the constraint; the key is tried again on every run.',
  },
  'row-too-large': {
    class: 'change',
    exit: 'pending',
    message: '{collection}: a row is larger than the destination or the limit allows ({detail})',
    cause: 'A row, field or index entry is above a limit of the database or above `maxRowBytes`.',
    cure: 'Raise maxRowBytes, map the field away, or shorten it at the source.',
  },
  'mapping-failed': {
    class: 'change',
    exit: 'pending',
    message: '{collection}: the mapping function failed: {detail}',
    cause: 'The function threw, or returned something that is neither a row nor null.',
    cure: 'Mend the function; the key is tried again on every run.',
  },
  'mapping-changed-key': {
    class: 'change',
    exit: 'pending',
    message: '{collection}.{column}: the mapping function changed the key',
    cause: 'A row is found again by its key, so the key must be the source’s.',
    cure: 'Return the key column as it came; rename it in `columns` if it has another name in the target.',
  },
  'mapping-incomplete': {
    class: 'change',
    exit: 'pending',
    message: '{collection}: the mapping function returned a row without {column}',
    cause: 'A row must have every mapped column of the target; null is a value, absent is not.',
    cure: 'Return the column, or take it out of `columns`.',
  },
  'value-not-encodable': {
    class: 'change',
    exit: 'pending',
    message: '{collection}.{column}: a {kind} can’t be stored as {type}',
    cause:
      'The mapping function returned, or the source has, a value of a kind that the column’s type does not take; or a key would come back from that type as another one.',
    cure: 'Return a value of the kind that docs/reference/values.md lists for the type, or keep the column in another type (`as`).',
  },
  'source-short': {
    class: 'transient',
    exit: 'failed',
    message: '{collection}: the source ended a read early: {detail}',
    cause: 'The connection broke, or a proxy or server closed the stream, before the end was announced.',
    cure: 'Nothing, if it was once: the read is repeated and nothing of the short one counts.',
  },
  'rows-hidden': {
    class: 'collection',
    exit: 'connection',
    message: '{collection}: row security would hide rows from {user}',
    cause: 'A policy filters what this user reads; missing rows would look like deleted ones.',
    cure: 'ALTER ROLE {user} BYPASSRLS; or read as the owner of the table (without FORCE ROW LEVEL SECURITY).',
  },
  'key-clash': {
    class: 'change',
    exit: 'pending',
    message: '{collection}: a row that is not ours has this key',
    cause:
      'Somebody else wrote a row with this key to the target; it lies outside our scope and is left alone.',
    cure: 'Remove or rename that row, or widen `scope` if it is ours after all.',
  },
  'target-not-ours': {
    level: 'warning',
    class: 'change',
    exit: 'pending',
    message: '{collection} holds rows already, none of them written by this pipeline',
    cause:
      'Without a `scope`, only what the pipeline itself wrote is its own in a target that it found filled: other rows are neither counted nor touched, and rows of the source whose keys are taken are reported as clashes.',
    cure: "If all rows of the target are to follow the source, set `scope: 'all'` for the collection; if some are, name them by a `where` scope.",
  },
  'shape-drifted': {
    class: 'collection',
    exit: 'failed',
    message: '{collection}: {detail}; it stopped, so that nothing is lost or written wrong',
    cause: 'A migration ran at the source while its changes were followed, and `drift` says to pause for it.',
    cure: 'Make the target fit, by these or by your own statements: {statements}.',
  },
  'shape-changed': {
    class: 'collection',
    exit: 'failed',
    message: '{collection}: its columns changed while it was worked on: {detail}',
    cause: 'A migration ran at the source or the destination.',
    cure: 'Run again once the migration is done; `lockstep plan` shows what it means.',
  },
  'collection-gone': {
    class: 'collection',
    exit: 'failed',
    message: '{collection} does not exist any more',
    cause: 'It was dropped or renamed while it was worked on.',
    cure: 'Correct the configuration, or bring it back.',
  },
  'key-repeated': {
    class: 'collection',
    exit: 'failed',
    message: '{collection}: two rows have the same key ({columns}){key}',
    cause:
      'The key is not unique at the source, or the mapping makes one key out of several. Only one of the rows could be at the target, and nobody knows which.',
    cure: 'Choose columns with `key` that identify a row, leave one row of each key by a `filter`, or make the mapping keep keys apart.',
  },
  'key-null': {
    class: 'collection',
    exit: 'failed',
    message: '{collection}: a row of the {side} has null in {column}, which is part of the key',
    cause:
      'The column may be null, or the expression or function that makes it may. A row without a key can’t be told apart from others, nor be found again to be changed or deleted.',
    cure: 'Choose columns with `key` that are never null, leave such rows out by a `filter`, or give them a value. At the target such a row was not written by Lockstep: give it a key, delete it, or set `scope: "owned"`.',
  },
  'row-missing': {
    class: 'change',
    exit: 'pending',
    message: '{collection}: the row that a partial change belongs to is not there',
    cause: 'The target lost the row, so a change that names only some of its columns can’t be applied.',
    cure: 'Nothing: the whole row is read again.',
  },
});
