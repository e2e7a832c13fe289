import { expect, test } from 'vitest';
import { runChild } from '../../support/child.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const cli = new URL('../../../src/cli/main.ts', import.meta.url).pathname;

/** As the contract has them, in its order. */
const lines = [
  'starts without errors',
  'initial bulk completes',
  'real time activates',
  'scheduled pass each interval',
  'errors reach sync_errors',
  "long passes don't overlap",
  'recovers from a disconnect',
  'Ctrl-C stops gracefully',
  'health right in each state',
  'verify right',
];

test('the contract’s checklist passes as one command, which prints every line of it', async () => {
  await using directory = await temporaryDirectory();
  const { code, stdout, stderr } = await runChild({
    file: cli,
    args: ['user-table', 'checklist'],
    cwd: directory.path,
    timeoutMs: 290_000,
  });
  expect(stdout.trimEnd().split('\n'), stderr).toEqual(
    lines.map((line, index) => `✓ ${String(index + 1).padStart(2)} ${line}`),
  );
  expect(code).toBe(0);
}, 300_000);
