import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isNewEnough } from '../../scripts/launcher/node.mjs';
import { runChild, startChild } from '../support/child.ts';

const script = fileURLToPath(new URL('./under-another-node.ts', import.meta.url));
const launcher = fileURLToPath(new URL('../../scripts/run.mjs', import.meta.url));

test.each([
  ['18.20.0', false],
  ['24.11.9', false],
  ['24.12.0', true],
  ['24.21.0', true],
  ['26.0.0', true],
])('Node %s is new enough: %s', (version, expected) => {
  expect(isNewEnough(version)).toBe(expected);
});

describe('a task under another Node', () => {
  test('ends with its own exit code', async () => {
    expect(await runChild({ file: script, env: { ENDING: 'code3' } })).toMatchObject({
      code: 3,
      signal: null,
    });
  });

  test('gets the signal and may drain', async () => {
    await using child = startChild({ file: script, env: { ENDING: 'drain' } });
    await child.waitForLine(/^task \d+ runs$/);
    expect(await child.kill('SIGTERM')).toMatchObject({ code: 7, signal: null });
  });

  test('that dies of a signal lets the launcher die of the same', async () => {
    await using child = startChild({ file: script, env: { ENDING: 'hang' } });
    const line = await child.waitForLine(/^task \d+ runs$/);
    process.kill(Number(line.split(' ')[1]), 'SIGKILL');
    expect(await child.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  });
});

test('the launcher names its tasks when asked for none or an unknown one', async () => {
  const none = await runChild({ file: launcher });
  expect(none).toMatchObject({ code: 3, stdout: '' });
  expect(none.stderr).toMatch(/No task given[\s\S]*test .*\n[\s\S]*lockstep /);
  const unknown = await runChild({ file: launcher, args: ['constructor'] });
  expect(unknown.stderr).toMatch(/There is no task "constructor"/);
});
