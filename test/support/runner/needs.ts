/** The servers that a test file can need, as its suffixes name them: `x.pg.test.ts`, `x.pg.mongo.test.ts`. */
export const serverKinds = ['pg', 'mongo', 'mongo8', 'kafka', 'browser'] as const;
export type ServerKind = (typeof serverKinds)[number];

/** Nobody is bound to have these: a file that needs one is named as not run, in CI too. `mongo8` is a mongod of 8.0 or newer. */
export const optionalKinds: ReadonlySet<ServerKind> = new Set(['mongo8']);

export function serversNeededBy(file: string): ServerKind[] {
  const name = file.split(/[\\/]/).at(-1) ?? file;
  const suffixes = name
    .replace(/\.test\.ts$/, '')
    .split('.')
    .slice(1);
  return serverKinds.filter((kind) => suffixes.includes(kind));
}
