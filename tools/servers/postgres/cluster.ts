import { execFile } from 'node:child_process';
import { appendFile, chown, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { folderInMemory } from '../memory.ts';
import type { SystemUser } from '../system-user.ts';

const run = promisify(execFile);

/** Members of this role log in with their password; everybody else is trusted. */
export const passwordRole = 'password_required';

const accessRules = ['all', 'replication'].flatMap((database) => [
  `host ${database} +${passwordRole} 127.0.0.1/32 scram-sha-256`,
  `host ${database} all 127.0.0.1/32 trust`,
]);

export interface ClusterFolder {
  /** Ours to remove: holds the data directory and the log. */
  readonly folder: string;
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly pidFile: string;
}

/** Makes an empty folder for a cluster: in memory if it may be lost and there is room, else on disk. */
export async function makeFolder(options: {
  readonly name: string;
  readonly durable: boolean;
  readonly user: SystemUser | undefined;
}): Promise<ClusterFolder> {
  const parent = (options.durable ? null : await folderInMemory()) ?? tmpdir();
  const folder = await mkdtemp(join(parent, `lockstep-${options.name}-`));
  const dataDirectory = join(folder, 'data');
  await mkdir(dataDirectory, { mode: 0o700 });
  if (options.user !== undefined) {
    await chown(folder, options.user.uid, options.user.gid);
    await chown(dataDirectory, options.user.uid, options.user.gid);
  }
  const logFile = join(folder, 'server.log');
  await writeFile(logFile, '');
  return { folder, dataDirectory, logFile, pidFile: join(dataDirectory, 'postmaster.pid') };
}

export interface InitOptions {
  readonly bin: string;
  readonly dataDirectory: string;
  readonly durable: boolean;
  readonly user: SystemUser | undefined;
  readonly initdbArguments: readonly string[];
  readonly signal: AbortSignal | undefined;
}

export async function initialiseCluster(options: InitOptions): Promise<void> {
  const { bin, dataDirectory, durable, user, initdbArguments, signal } = options;
  const args = ['-D', dataDirectory, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'];
  await run(join(bin, 'initdb'), [...args, ...(durable ? [] : ['--no-sync']), ...initdbArguments], {
    cwd: dataDirectory,
    env: serverEnvironment(),
    ...user,
    ...(signal === undefined ? {} : { signal }),
  });
  await writeFile(join(dataDirectory, 'pg_hba.conf'), `${accessRules.join('\n')}\n`);
  await appendFile(join(dataDirectory, 'postgresql.conf'), "\ninclude 'lockstep.conf'\n");
}

/** Replaces our part of the configuration; the server reads it when it starts or reloads. */
export async function writeSettings(
  dataDirectory: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  await writeFile(join(dataDirectory, 'lockstep.conf'), `${lines.join('\n')}\n`);
}

export function defaultSettings(options: {
  readonly port: number;
  readonly durable: boolean;
}): Record<string, string> {
  return {
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %u@%d ',
    max_connections: '200',
    wal_level: 'logical',
    max_wal_senders: '64',
    max_replication_slots: '64',
    max_prepared_transactions: '20',
    max_worker_processes: '16',
    // Shared memory in files of the data directory goes away with it, even after a SIGKILL.
    ...(options.durable ? {} : { fsync: 'off', full_page_writes: 'off', dynamic_shared_memory_type: 'mmap' }),
  };
}

/** Without PGDATA, PGPORT and the like: they would steer initdb and the server. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('PG') && !name.startsWith('LC_'),
  );
  return { ...Object.fromEntries(kept), LANG: 'C', TZ: 'UTC' };
}
