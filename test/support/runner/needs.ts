/** The servers that a test file can need, as its suffixes name them: `x.pg.test.ts`, `x.pg.mongo.test.ts`. */
export const serverKinds = ['pg', 'mongo', 'kafka', 'browser'] as const;
export type ServerKind = (typeof serverKinds)[number];

export function serversNeededBy(file: string): ServerKind[] {
  const name = file.split(/[\\/]/).at(-1) ?? file;
  const suffixes = name
    .replace(/\.test\.ts$/, '')
    .split('.')
    .slice(1);
  return serverKinds.filter((kind) => suffixes.includes(kind));
}
