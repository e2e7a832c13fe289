import { chown, cp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '../../../tools/servers/postgres.ts';
import { serverUser } from '../../../tools/servers/system-user.ts';

/** A physical standby of a server: a copy of its data, taken while it stands still, that follows it. */
export async function startStandby(
  primary: PostgresServer,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const standby = await startPostgres({ version: primary.version });
  await standby.stop();
  await primary.stop();
  // Its own port stays, with the rest of what our servers are started with.
  const own = join(standby.dataDirectory, 'lockstep.conf');
  for (const entry of await entriesOf(standby.dataDirectory))
    if (entry !== own) await rm(entry, { recursive: true, force: true });
  await cp(primary.dataDirectory, standby.dataDirectory, {
    recursive: true,
    filter: (path) => !/(lockstep\.conf|postmaster\.(pid|opts))$/.test(path),
  });
  await writeFile(join(standby.dataDirectory, 'standby.signal'), '');
  const user = await serverUser();
  if (user !== undefined) await chownTree(standby.dataDirectory, user);
  await primary.start();
  await standby.restart({
    settings: {
      primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres dbname=postgres`,
      hot_standby: 'on',
      ...settings,
    },
  });
  return standby;
}

async function entriesOf(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).map((name) => join(directory, name));
}

async function chownTree(
  directory: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const names = await readdir(directory, { recursive: true });
  for (const path of [directory, ...names.map((name) => join(directory, name))]) await chown(path, uid, gid);
}
