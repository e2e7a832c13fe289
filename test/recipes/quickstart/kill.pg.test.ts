import { expect, test } from 'vitest';
import { copyAgain, copyWithAKill } from '../../../src/recipes/quickstart/demo/acts-of-copying.ts';
import { fill, schema, sizeOf } from '../../../src/recipes/quickstart/demo/shop.sql.ts';
import { setStage } from '../../../src/recipes/quickstart/demo/stage.ts';
import { View } from '../../../src/recipes/quickstart/demo/view.ts';

test('the engine is killed with some of the rows there and some not; with all of them there it was no kill in the middle', async () => {
  await using stage = await setStage(new AbortController().signal);
  const size = sizeOf(60_000);
  for (const statement of [schema, ...fill(size)]) await stage.source.query(statement);
  const rows = 60_001;
  const lines: string[] = [];
  const view = new View((line) => lines.push(line));

  const kill = await copyWithAKill(stage, view, rows);
  expect(kill.inTheMiddle, lines.join('\n')).toBe(true);
  expect(kill.arrived).toBeGreaterThan(0);
  expect(kill.arrived).toBeLessThan(rows);
  expect(lines.join('\n')).toContain('⚡ SIGKILL');

  expect(await copyAgain(stage, view, rows)).toBe(true);
  expect(await copyWithAKill(stage, view, rows)).toEqual({ inTheMiddle: false, arrived: rows });
}, 180_000);
