export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Our tables as they stand in SQL: quoted and with their schema, so that no search path can mean others. */
export interface Tables {
  readonly schema: string;
  readonly store: string;
  readonly writes: string;
  readonly leases: string;
  readonly checkpoints: string;
  readonly deadLetters: string;
  readonly newestLetters: string;
  readonly guards: string;
  readonly guardKeys: string;
  readonly requests: string;
  readonly pauses: string;
  readonly runs: string;
  readonly connections: string;
}

export function tablesOf(schemaName: string): Tables {
  const schema = quoteIdentifier(schemaName);
  const table = (name: string): string => `${schema}.${quoteIdentifier(name)}`;
  return {
    schema,
    store: table('store'),
    writes: table('writes'),
    leases: table('leases'),
    checkpoints: table('checkpoints'),
    deadLetters: table('dead_letters'),
    newestLetters: table('newest_letters'),
    guards: table('guards'),
    guardKeys: table('guard_keys'),
    requests: table('requests'),
    pauses: table('pauses'),
    runs: table('runs'),
    connections: table('connections'),
  };
}
