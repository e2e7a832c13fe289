import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fault } from './fault.mjs';
import { withLock } from './lock.mjs';
import { findNpm } from './npm.mjs';

/**
 * Makes `node_modules` of a project (a folder with package.json and package-lock.json) agree with its lock:
 * `npm ci` runs only when the stamp in node_modules differs. Commands started together wait for each other.
 */
export async function ensureProject(directory, { label = 'packages', signal } = {}) {
  const wanted = wantedStamp(directory);
  if (isInstalled(directory, wanted)) return;
  const onWait = () => say(`Waiting for another command that installs ${label} ...`);
  await withLock(
    join(directory, '.lockstep', 'install.lock'),
    async () => {
      if (isInstalled(directory, wanted)) return; // the one we waited for did it
      say(`Installing ${label} ...`);
      await npmCi(directory, { label, signal });
      mkdirSync(join(directory, 'node_modules'), { recursive: true });
      writeFileSync(stampFile(directory), wanted);
    },
    { onWait, signal },
  );
}

export function isInstalled(directory, wanted = wantedStamp(directory)) {
  return existsSync(stampFile(directory)) && readFileSync(stampFile(directory), 'utf8') === wanted;
}

function stampFile(directory) {
  return join(directory, 'node_modules', '.lockstep-stamp');
}

// The lock holds the dependencies of package.json too: editing a script there installs nothing anew.
function wantedStamp(directory) {
  const lock = createHash('sha256').update(readFileSync(join(directory, 'package-lock.json')));
  return `${lock.digest('hex')} ${process.platform}-${process.arch}\n`;
}

// No package here needs an install script, so none is run, whatever the version of npm.
const npmArguments = [
  'ci',
  '--ignore-scripts',
  '--include=dev',
  '--include=optional',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
];

async function npmCi(directory, { label, signal }) {
  const child = spawn(process.execPath, [findNpm(), ...npmArguments], {
    cwd: directory,
    env: npmEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw fault(`Installing ${label} failed (npm ci in ${directory}):\n${output.trim()}`);
}

// What an outer `npm test` says about its own project must not reach the inner npm.
function npmEnvironment() {
  const env = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^npm_(package_|lifecycle_|config_local_prefix|config_omit|command)/i.test(name)) env[name] = value;
  }
  env.PATH = [dirname(process.execPath), process.env.PATH].filter(Boolean).join(delimiter);
  return env;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
