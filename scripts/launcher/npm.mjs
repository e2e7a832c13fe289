import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fault } from './fault.mjs';

/** npm's own JavaScript entry, so that it runs under the Node of our choice and without a shell. */
export function findNpm() {
  const outer = process.env.npm_execpath;
  if (outer?.endsWith('npm-cli.js') && existsSync(outer)) return outer;
  const folders = [dirname(process.execPath), ...(process.env.PATH ?? '').split(delimiter)].filter(Boolean);
  for (const folder of folders) {
    const link = join(folder, 'npm');
    const candidates = [
      join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
      join(dirname(folder), 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
      ...(existsSync(link) ? [realpathSync(link)] : []),
    ];
    const found = candidates.find((path) => path.endsWith('npm-cli.js') && existsSync(path));
    if (found !== undefined) return found;
  }
  throw fault('npm was not found on PATH; it comes with Node: https://nodejs.org');
}
