/**
 * A collection as its own connector spells it: `public.users`, `usersdocuments`, `customers`. Compared as a
 * string; the connector parses and quotes it.
 */
export type CollectionName = string;

/** The name of a pipeline: lower case letters, digits, `-` and `_`, at most 48 characters. */
export type PipelineName = string;

/**
 * The key of a record in one canonical spelling: equal spellings are the same record. PostgreSQL: a JSON array
 * of the key columns' text forms, `["42","eu"]`. MongoDB: canonical extended JSON of `_id`. Two spellings may
 * still be one record for the database (numeric 1.0 and 1.00): before anything is removed, absence is
 * confirmed by `lookup`, which compares as the database does.
 */
export type Key = string;

/** Where in a shard of a feed we are: opaque, one codec file per connector. Never compared outside `Feed.order`. */
export type Position = string;

/** Where a paged or windowed read stands. Never mixed with a position. */
export type Cursor = string;

/** An independently ordered part of a feed: `main`, a Kafka partition. */
export type Shard = string;

/** Which assignment of a shard we hold; grows when a shard is taken over. */
export type Epoch = number;

/** The fencing number of a lease: the destination refuses writes that carry a lower one than it has seen. */
export type Fence = number;
