import { expect, test } from 'vitest';
import { watchStatus } from '../../src/cli/commands/watch-status.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import type { StatusResult } from '../../src/service/results.ts';

const up = '\u001b[1A\u001b[0J';

function openScreen() {
  const written = { stdout: '', stderr: '' };
  const outputOf = (name: 'stdout' | 'stderr') => ({
    isTTY: true,
    columns: 12,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const [stdout, stderr] = [outputOf('stdout'), outputOf('stderr')];
  return { written, terminal: new Terminal({ stdout, stderr, quiet: false, color: false }) };
}

test('on a terminal the status is drawn again in its place, cut to the width, and gone at the end', async () => {
  const { written, terminal } = openScreen();
  const stop = new AbortController();
  let reads = 0;
  const read = async (): Promise<readonly StatusResult[]> => {
    reads += 1;
    if (reads === 3) stop.abort();
    return [];
  };
  const text = () => [`shop: look number ${reads}`];
  const context = {
    terminal,
    signal: stop.signal,
    global: { json: false, config: undefined, envFile: undefined },
    cwd: '/',
    env: {},
  };
  await watchStatus({ read, text, json: () => '' }, context);
  expect(written).toEqual({ stdout: '', stderr: `shop: look \n${up}shop: look \n${up}` });
});
