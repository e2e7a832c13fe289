import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** All .ts, .mts and .mjs files of our own below the folders, by their path from the repository's root. */
export async function readSources(...folders: readonly string[]): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for (const folder of folders) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || !/\.(ts|mts|tsx|mjs)$/.test(entry.name) || path.includes('node_modules'))
        continue;
      sources.set(relative(root, path).split(sep).join('/'), await readFile(path, 'utf8'));
    }
  }
  return sources;
}
