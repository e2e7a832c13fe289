import { defineErrors } from './entry.ts';

/** What only MongoDB has. */
export const mongodbErrors = defineErrors({
  'mongodb-url-invalid': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The url of {address} can’t be used: {detail}',
    cause: 'An option of the url is unknown to the driver, has a wrong value, or does not go with another.',
    cure: 'Correct the url; https://www.mongodb.com/docs/manual/reference/connection-string-options/ lists the options.',
  },
  'mongodb-standalone': {
    class: 'configuration',
    exit: 'configuration',
    message: '{address} is a standalone server, no replica set: {detail}',
    cause:
      'Without a replica set MongoDB has neither transactions nor change streams, and no member that could confirm a write.',
    cure: 'Make it a replica set; one member is enough: start mongod with --replSet and run rs.initiate() once.',
  },
  'mongodb-sharded': {
    class: 'configuration',
    exit: 'configuration',
    message: '{address} is a sharded cluster, which is not supported yet',
    cause: 'Lockstep was not proven against mongos.',
    cure: 'Use a replica set.',
  },
  'mongodb-polled': {
    level: 'info',
    class: 'configuration',
    exit: 'configuration',
    message:
      'The changes of {address} are found by comparing both sides, begun every {seconds} s: what came and went between is never seen, and transactions of the source do not stay whole',
    cause:
      'With `capture: { kind: "poll" }` nothing is asked of the source but its documents, all of which are read each time. Lag is the time since the last comparison began.',
    cure: 'Nothing is needed. A replica set, of one member if need be, has a change stream that tells each change within milliseconds: make it one, and leave `capture` out.',
  },
  'mongodb-restore-unnoticed': {
    level: 'info',
    class: 'configuration',
    exit: 'configuration',
    message:
      'A source that is restored from an older copy may not be noticed: nothing may be written to {database}.{collection}',
    cause:
      'A word that we keep at the source and change every ten seconds tells an older copy from what we followed. Without it only a log that ends before our position does.',
    cure: 'Nothing is needed. Grant `readWrite` on {database}, or after a restore run `lockstep resync`.',
  },
  'mongodb-log-window': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The log of {address} reaches back {window}: a pipeline that is away for longer misses changes',
    cause:
      'MongoDB keeps its log of changes by size, and by time where `oplogMinRetentionHours` is set, whoever still has to read it. What is gone from it is a gap: each collection is compared as a whole then, which loses nothing but time.',
    cure: 'Nothing is needed where that is longer than the pipeline is ever away. Else, on each member, with the size in MB: {resize}',
  },
  'mongodb-log-window-unknown': {
    class: 'configuration',
    exit: 'configuration',
    level: 'info',
    message: 'How far back the log of {address} reaches is not for {user} to see',
    cause:
      'A pipeline that is away for longer than the log of its source reaches back misses changes, and compares each collection as a whole. Seeing how far that is needs a right of its own.',
    cure: 'Nothing is needed. To be told: {grant}',
  },
  'mongodb-updates-read': {
    class: 'configuration',
    exit: 'configuration',
    level: 'info',
    message:
      '{collections}: the change stream tells {what} by its key only, and the document is read for it, many at a time: {why}',
    cause:
      'The stream has the documents of inserts and replacements, and of an update what the collection keeps of it (`changeStreamPreAndPostImages`, MongoDB 6.0 and newer). Where only some fields are mapped, or a filter chooses, no document is taken from the stream, so that what is not meant stays at the source.',
    cure: 'Nothing is needed. {spared}',
  },
  'mongodb-not-a-collection': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection} is {kind}',
    cause: 'Only plain collections have an `_id` index to read and write by.',
    cure: 'Name the collection that is behind it, or take it out of the configuration.',
  },
  'mongodb-target-differs': {
    level: 'info or warning',
    class: 'configuration',
    exit: 'configuration',
    message: '{collection} is not the collection that its source is: {differences}',
    cause:
      'A target that was there keeps its own indexes and options, and one that we made those that the source had then. A capped source has a target that is not: what is deleted or grows there could not be brought.',
    cure: 'Nothing, if it is meant so. Else make them alike by hand, with `createIndex`, `dropIndex` and `collMod`. Where the target refuses what the source takes, documents end as dead letters.',
  },
  'mongodb-source-empty': {
    level: 'warning',
    class: 'collection',
    exit: 'failed',
    message: '{collection} of {address} holds no document',
    cause: 'The collection was emptied, or the url names another database or server than it should.',
    cure: 'Make sure that it is meant to be empty: what the target has would leave, as far as the guard lets it.',
  },
  'mongodb-mapping-refused': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: {detail}',
    cause: 'MongoDB can’t be written so, or Lockstep can’t do it yet.',
    cure: 'Change it in, or take it out of, the configuration of the collection.',
  },
  'mongodb-id-unfit': {
    class: 'collection',
    exit: 'failed',
    message: '{collection}: an `_id` can’t be a key of type {type}',
    cause:
      'A column of `uuid` takes UUIDs and their text in small letters, one of integers whole numbers, one of text these, strings and ObjectIds. Other ids have no text that they come back from, and other types of columns hold no key of documents.',
    cure: 'Choose a key column of type text, or leave such documents out with a `filter`.',
  },
  'mongodb-written-directly': {
    level: 'info',
    class: 'configuration',
    exit: 'configuration',
    message:
      '{collection}: what differs is written as it is found, and no generation keeps what was there: {reason}',
    cause:
      'Generations put whole documents of a collection that is ours aside. Fields that are set beside those of others have another inverse for each document.',
    cure: 'Nothing is needed. Where readers must see all of a refresh at once, or it must be possible to take it back, give the documents a collection of their own and map them whole.',
  },
  'mongodb-value-narrowed': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}.{column}: of {type} this is lost: {loss}',
    cause: 'The type that the field gets at MongoDB holds less than the column does.',
    cure: "Nothing, if that does not matter; else keep it as text: `as: 'string'`. docs/reference/types-between-databases.md has all types.",
  },
  'mongodb-expression-invalid': {
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: {what} is not understood: {detail}',
    cause: 'Queries and expressions are written in MongoDB’s own language, as extended JSON.',
    cure: 'Correct it: a query is a document in JSON, an expression any value in JSON, such as `"$$NOW"` with its quotes.',
  },
  'mongodb-clear-missing': {
    level: 'warning',
    class: 'configuration',
    exit: 'configuration',
    message: '{collection}: `custom` of `leaving` has no `clear` for documents that come back',
    cause:
      'Of a document that comes back only the fields of `columns` are set. While `absent` holds for it by other fields it counts as absent, and is updated with each pass.',
    cure: 'Let `clear` take away what `absent` looks at, each field by `"$$REMOVE"` with its quotes. Nothing is needed where `absent` looks at fields of `columns` only.',
  },
  'mongodb-cursor-lost': {
    class: 'transient',
    exit: 'connection',
    message: 'A read of {collection} at {address} was ended by the server: {detail}',
    cause:
      'The cursor was killed or timed out, or the collection was renamed over or dropped while it was read.',
    cure: 'Nothing, if it was once: the part is read again.',
  },
});
