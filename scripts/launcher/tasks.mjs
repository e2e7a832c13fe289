import { cpSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';

// `bin`: a command of a dependency; `file`: a file of ours; `args` stand before the user's;
// `assets`: files of `src` with this ending are copied beside what is built.
const tasks = {
  test: { about: 'run the tests (arguments go to vitest)', bin: 'vitest', args: ['run'] },
  demo: { about: 'run the recipes against real servers', file: 'src/cli/main.ts', args: ['demo'] },
  bench: { about: 'run a benchmark: NAME [--quick] [--json]', file: 'bench/main.ts' },
  check: { about: 'check the types', bin: 'typescript:tsc', args: ['--noEmit', '-p', 'tsconfig.json'] },
  lint: { about: 'lint and check the format', bin: '@biomejs/biome:biome', args: ['check'] },
  format: { about: 'format, and apply safe fixes', bin: '@biomejs/biome:biome', args: ['check', '--write'] },
  build: {
    about: 'build dist/',
    bin: 'typescript:tsc',
    args: ['-p', 'tsconfig.build.json'],
    clean: 'dist',
    assets: '.sql',
  },
  package: { about: 'pack what is built, and try it as a user would', file: 'scripts/try-package.mjs' },
  docs: { about: 'write the generated pages', file: 'tools/docs/main.ts' },
  lockstep: { about: 'the command line, from source', file: 'src/cli/main.ts' },
};

export function findTask(name) {
  return Object.hasOwn(tasks, name) ? tasks[name] : undefined;
}

export function taskList() {
  const lines = Object.entries(tasks).map(([name, { about }]) => `  ${name.padEnd(9)} ${about}`);
  return ['Tasks:', ...lines].join('\n');
}

/** Becomes the task: in this process, so that signals, terminal and exit code are its own. */
export async function startTask(task, args) {
  if (task.clean !== undefined) rmSync(join(root, task.clean), { recursive: true, force: true });
  if (task.assets !== undefined) copyAssets(task);
  // Tools look for their configuration in the working directory; our own programs keep the user's.
  if (task.bin !== undefined) process.chdir(root);
  const file = task.file === undefined ? await commandFile(task.bin) : join(root, task.file);
  process.argv = [process.execPath, file, ...(task.args ?? []), ...args];
  await import(pathToFileURL(file).href);
}

/** Files of `src` that the compiler leaves where they are. */
function copyAssets({ assets, clean }) {
  const isWanted = (name) => name.endsWith(assets);
  for (const name of readdirSync(join(root, 'src'), { recursive: true }).filter(isWanted))
    cpSync(join(root, 'src', name), join(root, clean, name));
}

async function commandFile(bin) {
  const [name, command = name] = bin.split(':');
  const folder = join(root, 'node_modules', name);
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return join(folder, manifest.bin[command]);
}
