import { expect, test } from 'vitest';
import { eventually } from '../../../src/recipes/demo/eventually.ts';
import { median } from '../../../src/recipes/demo/median.ts';
import { RunningCommand } from '../../../src/recipes/demo/running-command.ts';
import { sayingSince } from '../../../src/recipes/demo/telling.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('a command answers with the object of its last line, and what it says to people is kept', async () => {
  await using directory = await temporaryDirectory();
  const command = new RunningCommand(['check', '--json'], { environment: {}, directory: directory.path });
  const { code, signal, answer, messages } = await command.ended;
  expect({ code, signal }).toEqual({ code: 3, signal: null });
  expect(answer).toMatchObject({ ok: false, error: { code: expect.any(String) } });
  expect(messages).not.toContain('"ok"');
});

test('a command whose last line is no object answers with an empty one', async () => {
  const { code, answer } = await new RunningCommand(['--version'], { environment: {} }).ended;
  expect({ code, answer }).toEqual({ code: 0, answer: {} });
});

test('a signal ends it, and is told', async () => {
  const command = new RunningCommand(['demo', '--help'], { environment: {} });
  command.signal('SIGKILL');
  expect(await command.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
});

test('waiting ends with the state', async () => {
  const looks: string[] = [];
  await eventually('three looks', () => looks.push('a look') === 3);
  expect(looks).toHaveLength(3);
});

test('the median is the middle one, by size', () => {
  expect(median([10, 9, 100])).toBe(10);
  expect(median([])).toBeNaN();
});

test('lines begin with the seconds that have passed', () => {
  const lines: string[] = [];
  sayingSince((line) => lines.push(line))('it lives');
  expect(lines).toEqual([expect.stringMatching(/^ +0\.\d s {2}it lives$/)]);
});
