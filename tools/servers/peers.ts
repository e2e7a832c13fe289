import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export const peerNames = ['psql', 'pg_dump', 'pg_restore', 'pgbench'] as const;
export type PeerName = (typeof peerNames)[number];

export interface Peers {
  /** Path of each client program of PostgreSQL that is on PATH. */
  readonly found: Readonly<Partial<Record<PeerName, string>>>;
  readonly missing: readonly PeerName[];
}

export async function findPeers(path: string = process.env['PATH'] ?? ''): Promise<Peers> {
  const found: Partial<Record<PeerName, string>> = {};
  for (const name of peerNames) {
    const program = await findProgram(name, path);
    if (program !== undefined) found[name] = program;
  }
  return { found, missing: peerNames.filter((name) => found[name] === undefined) };
}

async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((each) => each !== '')) {
    const file = join(folder, name);
    const executable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return file;
  }
  return undefined;
}
