import { type Child, type ChildOptions, type ChildResult, runChild } from '../../support/child.ts';

export interface Ended extends ChildResult {
  readonly answer: {
    readonly ok: boolean;
    readonly result: unknown;
    readonly error?: { readonly code: string; readonly message: string };
  };
}

/** Runs a command with --json to its end; `answer` is its last line. */
export async function runCommand(
  options: ChildOptions & { readonly args: readonly string[] },
): Promise<Ended> {
  const ended = await runChild({ ...options, args: [...options.args, '--json'] });
  return { ...ended, answer: JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '') };
}

export interface LogLine {
  readonly timestamp: string;
  readonly level: string;
  readonly message: string;
  readonly [more: string]: unknown;
}

/** Lines of a service's log with this message. */
export const loggedBy = (child: Child, message: string | RegExp): readonly LogLine[] =>
  child.stdout
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"level"'))
    .map((line): LogLine => JSON.parse(line))
    .filter((line) =>
      typeof message === 'string' ? line.message.includes(message) : message.test(line.message),
    );
