import { describe, expect, test } from 'vitest';
import { findViolations } from './gate/arrows.ts';
import { scanImports } from './gate/scan-imports.ts';
import { readSources } from './gate/sources.ts';

describe('the arrows of the map', () => {
  test('hold for every import in src', async () => {
    const sources = await readSources('src');
    expect(sources.size).toBeGreaterThan(0);
    expect(findViolations(sources)).toEqual([]);
  });
});

// A file that imports, and the sentence's end; the targets exist.
const planted: readonly (readonly [file: string, code: string, verdict: RegExp])[] = [
  [
    'src/protocol/a.ts',
    `import { x } from '../engine/e.ts';`,
    /imports src\/engine\/e\.ts, and protocol must not/,
  ],
  [
    'src/protocol/a.ts',
    `import type { X } from '../engine/e.ts';`,
    /protocol must not \(not even its types\)/,
  ],
  ['src/protocol/a.ts', `import pg from 'pg';`, /imports the driver pg/],
  ['src/protocol/a.ts', `import type { Client } from 'pg';`, /imports the driver pg/],
  [
    'src/engine/a.ts',
    `export { x } from '../connectors/postgres/p.ts'; const y = 1;`,
    /re-exports .* engine must not/,
  ],
  ['src/engine/a.ts', `const x = await import('../store/s.ts');`, /engine must not/],
  ['src/engine/a.ts', `import {\n  x,\n  y,\n} from\n  '../service/s.ts';`, /engine must not/],
  ['src/engine/a.ts', `export type Y = import('../service/s.ts').Y;`, /engine must not/],
  ['src/engine/a.ts', `const x = await import(name);`, /name is computed/],
  ['src/engine/a.ts', 'const x = await import(`../service/s.ts`);', /name is computed/],
  ['src/engine/a.ts', `const a = /['"\`]/; import '../service/s.ts';`, /engine must not/],
  ['src/engine/a.ts', `const t = \`\${f({ a: \`}\` })}\`; import '../service/s.ts';`, /engine must not/],
  ['src/connectors/postgres/a.ts', `import { m } from '../mongodb/m.ts';`, /connectors must not/],
  ['src/connectors/postgres/a.ts', `import { m } from '../shared.ts';`, /connectors must not/],
  ['src/connectors/postgres/a.ts', `import { MongoClient } from 'mongodb';`, /imports the driver mongodb/],
  ['src/connectors/postgres/a.ts', `import { x } from '../../engine/e.ts';`, /connectors must not/],
  ['src/store/sqlite/a.ts', `import { x } from '../../connectors/postgres/p.ts';`, /store must not/],
  ['src/service/a.ts', `import { x } from '../cli/c.ts';`, /service must not/],
  ['src/service/a.ts', `import pg from 'pg';`, /imports the driver pg/],
  ['src/service/a.ts', `const pg = await import('pg/lib/client.js');`, /imports the driver pg\/lib/],
  ['src/server/a.ts', `import { p } from '../protocol/p.ts';`, /server must not/],
  ['src/server/a.ts', `import { e } from '../engine/e.ts';`, /server must not/],
  ['src/cli/a.ts', `import { type P, p } from '../protocol/p.ts';`, /cli must not/],
  ['src/recipes/quickstart/a.ts', `import { s } from '../../service/s.ts';`, /recipes must not/],
  ['src/recipes/quickstart/a.ts', `import { o } from '../other/o.ts';`, /recipes must not/],
  ['src/recipes/program/a.ts', `import { b } from '../quickstart/b.ts';`, /recipes must not/],
  ['src/recipes/program/a.ts', `import { s } from '../../service/s.ts';`, /recipes must not/],
  ['src/service/a.ts', `import { x } from '../../tools/servers/t.ts';`, /outside src/],
  ['src/service/a.ts', `import { x } from '../engine/e';`, /does not exist/],
  ['src/engine/index.ts', `export const x = 1;`, /is an index file/],
  ['src/engine/all.ts', `/* all */ export { x } from './e.ts';\nexport * from './f.ts';`, /only passes on/],
  ['src/helpers/a.ts', `export const x = 1;`, /none of the folders/],
];

const allowed: readonly (readonly [file: string, code: string])[] = [
  ['src/protocol/a.ts', `import { p } from './p.ts'; import { z } from 'zod';`],
  ['src/engine/a.ts', `import { p } from '../protocol/p.ts'; import { e } from './e.ts';`],
  [
    'src/engine/a.ts',
    `// import { x } from '../service/s.ts';\n/* import('../service/s.ts') */ const s = "import('x')";`,
  ],
  ['src/engine/a.ts', "const text = `import { x } from '../service/s.ts'`;"],
  ['src/connectors/postgres/reader/a.ts', `import pg from 'pg'; import { p } from '../p.ts';`],
  ['src/connectors/postgres/a.ts', `const { default: pg } = await import('pg');`],
  ['src/store/postgres/a.ts', `import pg from 'pg'; import { p } from '../../protocol/p.ts';`],
  [
    'src/service/a.ts',
    `const { p } = await import('../connectors/postgres/p.ts'); const m = await import(name);`,
  ],
  [
    'src/server/a.ts',
    `import type { P } from '../protocol/p.ts'; import { type Q } from '../protocol/p.ts';`,
  ],
  ['src/cli/a.ts', `import { s } from '../service/s.ts'; export type P = import('../protocol/p.ts').P;`],
  ['src/recipes/quickstart/a.ts', `import { x } from '../../index.ts'; import { b } from './b.ts';`],
  ['src/recipes/quickstart/a.ts', `import { l } from '../program/l.ts'; import { d } from '../demo/d.ts';`],
  ['src/index.ts', `export { s } from './service/s.ts'; export type { P } from './protocol/p.ts';`],
];

const targets = [
  'src/index.ts',
  ...[
    'protocol/p',
    'engine/e',
    'engine/f',
    'store/s',
    'service/s',
    'cli/c',
    'recipes/quickstart/b',
    'recipes/other/o',
    'recipes/program/l',
    'recipes/demo/d',
  ],
  ...['connectors/postgres/p', 'connectors/mongodb/m', 'connectors/shared'],
].map((name) => (name.endsWith('.ts') ? name : `src/${name}.ts`));

function violationsOf(file: string, code: string): string[] {
  const sources = new Map(targets.map((target) => [target, '']));
  return findViolations(sources.set(file, code)).filter((sentence) => sentence.startsWith(`${file}:`));
}

describe('the gate itself', () => {
  test.each(planted)('finds in %s: %s', (file, code, verdict) => {
    const found = violationsOf(file, code);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(verdict);
  });

  test.each(allowed)('lets pass in %s: %s', (file, code) => {
    expect(violationsOf(file, code)).toEqual([]);
  });

  test('counts every import statement that Node itself would follow', async () => {
    for (const [file, source] of await readSources('src')) {
      const lines = source
        .split('\n')
        .filter((line) => /^(import|export)\b.*\bfrom '|^\} from '/.test(line)).length;
      const found = scanImports(source).filter(({ kind }) => kind !== 'dynamic').length;
      expect(found, file).toBeGreaterThanOrEqual(lines);
    }
  });
});
