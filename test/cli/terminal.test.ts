import { expect, test } from 'vitest';
import { Terminal } from '../../src/cli/terminal.ts';
import { seal } from '../../src/service/secrets/seal.ts';

class Screen {
  readonly isTTY: boolean;
  readonly columns = 80;
  text = '';

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

const open = (options: { isTTY: boolean; quiet?: boolean }) => {
  const stdout = new Screen(options.isTTY);
  const stderr = new Screen(options.isTTY);
  return {
    stdout,
    stderr,
    terminal: new Terminal({ stdout, stderr, quiet: options.quiet ?? false, color: true }),
  };
};

test('data goes to stdout, messages to stderr, and neither shows a secret', () => {
  const { terminal, stdout, stderr } = open({ isTTY: false });
  terminal.protect(seal(['hunter22']));
  terminal.out('data hunter22');
  terminal.message('message hunter22');
  expect([stdout.text, stderr.text]).toEqual(['data [secret]\n', 'message [secret]\n']);
});

test('the block stays below messages and is erased where it stood', () => {
  const { terminal, stderr } = open({ isTTY: true });
  terminal.protect(seal(['hunter22']));
  terminal.showBlock(['one', 'hunter22']);
  terminal.message('message');
  terminal.showBlock([]);
  const up = '\u001b[2A\u001b[0J';
  expect(stderr.text).toBe(`one\n[secret]\n${up}message\none\n[secret]\n${up}`);
});

test('--quiet keeps errors only, and without a terminal there is neither block nor colour', () => {
  const quiet = open({ isTTY: true, quiet: true });
  quiet.terminal.message('message');
  quiet.terminal.showBlock(['block']);
  quiet.terminal.fault('error');
  expect(quiet.stderr.text).toBe('error\n');
  const log = open({ isTTY: false });
  log.terminal.showBlock(['block']);
  log.terminal.fault(log.terminal.paint('stderr', 'red', 'error'));
  expect(log.stderr.text).toBe('error\n');
});
