import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { alertRules, runbookOf } from '../../src/engine/alerts/rules.ts';
import { alertNames } from '../../src/protocol/alerts.ts';

const file = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8');

/** As GitHub makes anchors of headings. */
const anchorsOf = (page: string): readonly string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/ /g, '-'),
  );

test('the runbook has a section with cause, look at and do for each alert, and no other', async () => {
  const page = await file('docs/operations/alerts.md');
  const sections = page.slice(page.indexOf('\n## Runbook')).split('\n### ').slice(1);
  expect(sections.map((section) => section.split('\n')[0])).toEqual([...alertNames]);
  for (const section of sections)
    for (const word of ['**Cause**', '**Look at**', '**Do**']) expect(section).toContain(word);
});

test('the table of rules says what the code says', async () => {
  const page = await file('docs/operations/alerts.md');
  for (const { name, threshold, unit, forSeconds, severity } of Object.values(alertRules)) {
    const row = page.split('\n').find((line) => line.startsWith(`| [\`${name}\`]`)) ?? '';
    const cells = row.split('|').map((cell) => cell.trim());
    expect(cells.slice(3, 6), name).toEqual([
      unit === 'none' ? 'none' : `${threshold} ${unit}`,
      forSeconds === 0 ? '' : `${forSeconds} s`,
      severity,
    ]);
  }
});

test('every runbook link leads to a heading', async () => {
  const rules: { groups: { rules: { alert: string; annotations: { runbook: string } }[] }[] } = parse(
    await file('deploy/prometheus/rules.yaml'),
  );
  const links = [
    ...alertNames.map(runbookOf),
    ...rules.groups.flatMap((group) => group.rules.map(({ annotations }) => annotations.runbook)),
  ];
  for (const link of links) {
    const [path = '', anchor = ''] = link.split('#');
    expect(anchorsOf(await file(path)), link).toContain(anchor);
  }
});
