import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commands } from '../../../src/recipes/user-table/commands/table.ts';
import { manifest } from '../../../src/recipes/user-table/manifest.ts';
import { inOurWords } from '../../../src/recipes/user-table/our-words.ts';

const textOf = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test('every command is an npm script, is named by the help, and has a line on the operator’s page', () => {
  const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
    textOf('package.json'),
  );
  const page = textOf('docs/recipes/user-table.md');
  for (const name of Object.keys(commands)) {
    expect(scripts[`user-table:${name}`], name).toContain(`lockstep user-table ${name}`);
    expect(manifest.commands.about.split(', '), name).toContain(name);
    expect(page, name).toMatch(new RegExp(`^\\| \`${name}[ \`]`, 'm'));
  }
});

test('UT-59 next steps name commands of the recipe, whatever the engine calls them', () => {
  expect(inOurWords('lockstep start')).toBe('lockstep user-table start');
  expect(inOurWords('after that `lockstep resume users`')).toBe('after that `lockstep user-table resume`');
  expect(inOurWords('lockstep dead-letters users list names keys; then lockstep approve users')).toBe(
    'lockstep user-table letters names keys; then lockstep user-table approve',
  );
  expect(inOurWords('`lockstep plan` shows what it means')).toBe(
    '`lockstep user-table check` shows what it means',
  );
  // No command of the recipe takes the name of a collection: there is one.
  expect(inOurWords('Mend it. Then: lockstep resync users public.users')).toBe(
    'Mend it. Then: lockstep user-table sync-all',
  );
  expect(inOurWords('lockstep dead-letters users replay')).toBe('lockstep user-table replay');
  expect(inOurWords('`lockstep run --compare` makes one at once')).toBe(
    '`lockstep user-table sync-all` makes one at once',
  );
  expect(inOurWords('run `lockstep verify --repair` afterwards')).toBe(
    'run `lockstep user-table verify --repair` afterwards',
  );
  expect(inOurWords('lockstep user-table start')).toBe('lockstep user-table start');
});
