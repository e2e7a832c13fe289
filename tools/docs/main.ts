import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { errorsPage } from './errors-page.ts';
import { families } from './families.ts';
import { metricFamilies } from './metric-families.ts';
import { metricsPage } from './metrics-page.ts';

/** Writes the generated pages; with `--check` only says which are out of date (exit code 1). */
const pages: readonly { readonly name: string; readonly render: () => string }[] = [
  { name: 'docs/reference/errors.md', render: () => errorsPage(families) },
  { name: 'docs/reference/metrics.md', render: () => metricsPage(metricFamilies) },
];

const [argument, ...others] = process.argv.slice(2);
if (others.length > 0 || (argument !== undefined && argument !== '--check')) {
  process.stderr.write(`npm run docs takes --check or nothing, not ${process.argv.slice(2).join(' ')}\n`);
  process.exitCode = 3;
} else if (argument === '--check') {
  for (const { name, render } of pages) {
    if ((await contentOf(name)) === render()) continue;
    process.stderr.write(`${name} is out of date: run \`npm run docs\`\n`);
    process.exitCode = 1;
  }
} else {
  for (const { name, render } of pages) await writeFile(pathOf(name), render());
}

async function contentOf(name: string): Promise<string | null> {
  return readFile(pathOf(name), 'utf8').catch(() => null);
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url));
}
