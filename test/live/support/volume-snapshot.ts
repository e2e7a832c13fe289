import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PostgresServer } from '../../../tools/servers/postgres.ts';

/** A copy of a server's whole disk, as it was while it stood still: identity, timeline, slots and all. */
export interface VolumeSnapshot {
  /** The server is stopped, and starts again as it was then. */
  restore(): Promise<void>;
}

/** The copy goes with the server's directory. */
export async function takeSnapshot(server: PostgresServer): Promise<VolumeSnapshot> {
  const { dataDirectory } = server;
  const aside = `${dataDirectory}/lockstep-snapshot.tar`;
  const tar = (...options: readonly string[]) =>
    promisify(execFile)('tar', ['-C', dataDirectory, ...options]);
  await server.stop();
  await tar('-cf', aside, '--exclude=./lockstep-snapshot.tar', '.');
  await server.start();
  return {
    restore: async () => {
      await server.stop();
      const keep = ['!', '-name', 'lockstep-snapshot.tar'];
      await promisify(execFile)('find', [
        dataDirectory,
        '-mindepth',
        '1',
        '-maxdepth',
        '1',
        ...keep,
        '-exec',
        'rm',
        '-r',
        '{}',
        '+',
      ]);
      await tar('--same-owner', '-xpf', aside);
      await server.start();
    },
  };
}
