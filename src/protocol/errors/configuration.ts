import { defineErrors } from './entry.ts';

/** What we were asked is wrong; found before anything is touched. */
export const configurationErrors = defineErrors({
  'config-not-found': {
    class: 'configuration',
    exit: 'configuration',
    message: 'No configuration found: {path} does not exist',
    cause:
      'Commands read `lockstep.config.ts` from the current directory, or the file given with `--config`.',
    cure: 'Run `lockstep init` to write one, change to the directory that has it, or name it with --config.',
  },
  'config-unreadable': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The configuration {path} could not be loaded: {detail}',
    cause: 'The file has a syntax error, an import that does not resolve, or throws while it is loaded.',
    cure: 'Mend the file; `node {path}` shows where it fails.',
  },
  'config-invalid': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The configuration has {count} fault(s):\n{faults}',
    cause:
      'Keys that do not exist, values of another type or out of range, names that are used twice. All faults are listed at once.',
    cure: 'Mend each fault at the path shown; docs/reference/configuration.md lists every key.',
  },
  'variables-invalid': {
    class: 'configuration',
    exit: 'configuration',
    message: '{count} variable(s) can’t be used:\n{faults}',
    cause:
      'Variables of the environment, or of the env file, that are needed and not set, malformed, out of range, or do not go together. All faults are listed at once.',
    cure: 'Set each of them as the line says; the page of the recipe lists every variable with its range and its default.',
  },
  'env-file-unreadable': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The env file {path} could not be read: {detail}',
    cause: 'The file given with `--env-file` does not exist, or this user may not read it.',
    cure: 'Correct --env-file, or the rights of the file.',
  },
  'throttle-query-invalid': {
    class: 'configuration',
    exit: 'configuration',
    message: 'destination.throttle.query can’t be used: {detail}',
    cause:
      'The query that says whether the destination is busy fails, takes longer than five seconds, or does not answer with true, false or null.',
    cure: 'Correct destination.throttle.query: one statement that only reads, whose first column is a boolean.',
  },
  usage: {
    class: 'configuration',
    exit: 'configuration',
    message: '{detail}',
    cause: 'A command was called with arguments that it does not take.',
    cure: '{hint}',
  },
  'pipeline-unknown': {
    class: 'configuration',
    exit: 'configuration',
    message: 'There is no pipeline {name}; there are: {known}',
    cause: 'The name is not one of the configuration.',
    cure: 'Use one of the names shown.',
  },
  'collection-unknown': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The {side} has no collection {collection}{nearest}',
    cause: 'The name is misspelt, lies in another schema, or the user may not see it.',
    cure: 'Correct the name, or create the collection; names are case sensitive.',
  },
  'column-unknown': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection} has no column {column}{nearest}',
    cause:
      'The mapping names a column that the collection does not have, or the target lacks a column that is mapped to it.',
    cure: 'Correct the mapping, or add the column.',
  },
  'key-missing': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection} has no key that identifies its rows',
    cause:
      'Neither a primary key nor a unique index over columns that are never null was found, so rows can’t be told apart.',
    cure: 'Add a primary key, or name unique columns with `key`. Without one the collection can only be replaced as a whole (`full`).',
  },
  'key-not-unique': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The target {collection} has no unique index on its key ({columns})',
    cause: 'Rows are written by key; without a unique index the target could hold a key twice.',
    cure: 'CREATE UNIQUE INDEX ON {collection} ({columns});',
  },
  'live-needs-key': {
    class: 'configuration',
    exit: 'configuration',
    message:
      '{collection}: changes can only be followed by a key that is taken from columns of the source as they are',
    cause:
      'A change tells the key of its row. Without a key, or with one that an expression makes, the row at the target can’t be found again.',
    cure: 'Give {collection} a primary key, or map the target’s key from plain columns; else use mode full.',
  },
  'key-not-derivable': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The key of {collection} ({columns}) is not taken from the source’s key alone',
    cause:
      'When a row changes or goes, its target is found by the source’s key; a key made from other columns can’t be found any more once they changed.',
    cure: 'Map each key column from the columns of the source’s key, or choose another `key`.',
  },
  'key-unproven': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message:
      'Nothing at the source keeps two rows of {collection} from having the same key ({columns}): {detail}',
    cause:
      'Rows are told apart by their key. Where no primary key or unique index of the source covers it, two rows may have the same one, of which the target could hold only one.',
    cure: 'Nothing, if you know that it identifies a row (a `filter` may leave one of each key): should a key be there twice, the collection stops with `key-repeated`. Else choose other columns with `key`, or make a unique index over these.',
  },
  'type-mismatch': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}.{column}: {sourceType} does not fit into {targetType}',
    cause:
      'The target’s type can’t hold every value of the source’s type without loss, or there is no conversion.',
    cure: 'Widen the target’s column, or map the column with an expression that says how to convert it.',
  },
  'mapped-without-function': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}.{column} is `mapped`, but there is no `map` function',
    cause: '`mapped: true` says that the mapping function makes the value.',
    cure: 'Add `map`, or say where the column comes from.',
  },
  'columns-unnamed': {
    class: 'configuration',
    exit: 'configuration',
    message: 'Nothing says which columns {collection} gets',
    cause:
      'Documents have no columns that could be listed: where a function makes them, or where the target does not exist yet, only the configuration can name them.',
    cure: 'Name them in `columns`: `mapped: true` for each that `map` returns, else where it comes from. Where a table is to be created, with the type of each (`as`).',
  },
  'type-unknown': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}.{column}: the destination has no type {type}',
    cause:
      'The target is to be created, and `as` names the types of its columns as the destination spells them.',
    cure: 'Correct `as`; types of an extension or of your own have to be there, with their schema unless it is searched.',
  },
  'columns-none': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: no column of it would be brought',
    cause: 'It has no columns, or the configuration leaves out all of them.',
    cure: 'Name at least one in `columns`, or leave the collection out.',
  },
  'adopt-refused': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: `scope.adopt` is for documents',
    cause: 'Rows of a table do not become ours by what they hold.',
    cure: 'Say with `scope.where` which rows are ours, or take `scope` away: then those that we wrote are.',
  },
  'on-insert-refused': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}.{column}: `onInsert` is for documents',
    cause: 'In a table a column that belongs to the target has a default of the table for new rows.',
    cure: 'Take `onInsert` away and name the column in `owned`; give it a DEFAULT in the table.',
  },
  'expression-invalid': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: {what} is not understood by the {side}: {detail}',
    cause:
      'It has a syntax error, names what does not exist (functions of extensions need their schema), or mixes types that do not fit.',
    cure: 'Correct it; it is handed over as it stands: PostgreSQL gets it within a statement, MongoDB as a query in JSON.',
  },
  'column-required': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}.{column} must not be null, has no default, and nothing is mapped to it',
    cause: 'Every insert into the target would fail.',
    cure: 'Map the column, give it a default, or allow null.',
  },
  'target-shared': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection} is the target of {first} and of {second}',
    cause: 'Two mappings that own the same rows would undo each other’s work.',
    cure: 'Give one of them another target, or give both a `scope` that tells their rows apart.',
  },
  'same-collection': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection} is source and target at once',
    cause: 'Source and destination are the same server, database and collection.',
    cure: 'Correct the destination, or map the collection to another target.',
  },
  'lanes-tear-transactions': {
    level: 'info',
    class: 'configuration',
    exit: 'configuration',
    message: 'Source transactions come in pieces: stream.lanes is {lanes}',
    cause:
      'Several transactions write a large window at once, so readers of the destination may see a part of a source transaction.',
    cure: 'Nothing, if that is meant. Leave `stream.lanes` out where transactions have to stay whole.',
  },
  'lanes-not-offered': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message: 'stream.lanes is {lanes}, but {name} writes one window after the other',
    cause:
      'The destination keeps one position for each shard, so that only one transaction can write at a time.',
    cure: 'Leave `stream.lanes` out: it changes nothing here.',
  },
  'connector-lacks-role': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The connector {name} can’t be a {role}',
    cause: 'Not every connector reads, and not every one writes.',
    cure: 'Use another connector for the {role}; the README says which ones can be one.',
  },
  'alternatives-not-unique': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}.{column} has alternatives, and no unique index of the target is about it alone',
    cause:
      'Alternatives are taken when a value is taken, which only a unique index over the one column says.',
    cure: 'Make a unique index over the column, or leave its alternatives out.',
  },
  'scope-needs-key': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection} has no key, so which of its rows are ours can’t be remembered',
    cause:
      'Without a key the collection is replaced as a whole, and that would remove rows that somebody else wrote.',
    cure: "Set `scope: 'all'` if every row of it may be replaced, or a `scope` with a `where` that names ours.",
  },
});
