import { expect, test } from 'vitest';
import { Terminal } from '../../src/cli/terminal.ts';
import { SecretText } from '../../src/protocol/secret.ts';
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

test('all that is shown is said in the words that were asked for, and no secret comes in by them', () => {
  const { terminal, stdout, stderr } = open({ isTTY: false });
  terminal.protect(seal(['hunter22']));
  terminal.speak((text) => text.replaceAll('theirs', 'ours hunter22'));
  terminal.out('{"data":"theirs"}');
  terminal.message('message theirs');
  terminal.fault('fault theirs');
  expect(stdout.text).toBe('{"data":"ours [secret]"}\n');
  expect(stderr.text).toBe('message ours [secret]\nfault ours [secret]\n');
});

test('secrets that are named again and again are kept, and looked for, once', () => {
  let reveals = 0;
  class Counted extends SecretText {
    override reveal(): string {
      reveals += 1;
      return super.reveal();
    }
  }
  const { terminal, stdout } = open({ isTTY: false });
  terminal.protect([new Counted('hunter22')], ['shop']);
  reveals = 0;
  for (let times = 0; times < 100; times += 1) terminal.protect(seal(['hunter22']), ['shop']);
  // The redactor was not made anew.
  expect(reveals).toBe(0);
  terminal.protect(seal(['other secret']));
  terminal.out('hunter22 and other secret of shop');
  terminal.protect([], ['hunter22']);
  terminal.out('hunter22 and other secret of shop');
  expect(stdout.text).toBe('[secret] and [secret] of shop\nhunter22 and [secret] of shop\n');
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
