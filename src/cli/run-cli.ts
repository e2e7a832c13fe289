import { CommanderError } from 'commander';
import { describeFailure, exitCodeOf } from '../service/failure.ts';
import type { Variables } from '../service/secrets/environment.ts';
import type { Command, CommandResult } from './command.ts';
import { fromCommander } from './commander-errors.ts';
import { commands } from './commands/table.ts';
import { watchDefects } from './defects.ts';
import { Interrupt } from './interrupt.ts';
import { type Invocation, parseArguments } from './program.ts';
import { recipeCommands } from './recipe-commands.ts';
import { renderFailure, renderStack } from './render/failure.ts';
import { type Output, Terminal } from './terminal.ts';
import { packageVersion } from './version.ts';

export interface CliOptions {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Variables;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Does what the arguments ask for; returns the exit code. */
export async function runCli(options: CliOptions): Promise<number> {
  const parsed = await parse(options);
  if (typeof parsed === 'number') return parsed;
  const terminal = newTerminal(options, parsed.quiet);
  using interrupt = new Interrupt((name) => {
    terminal.message(`${name}: finishing what is under way; once more leaves at once`);
  });
  const failure = { terminal, env: options.env, json: parsed.global.json, command: parsed.command.name };
  using _defects = watchDefects((thrown) => fail(thrown, failure));
  try {
    const { global, command, input } = parsed;
    const context = { terminal, global, cwd: options.cwd, env: options.env, signal: interrupt.signal };
    const result = await command.run(input, context);
    print(result, parsed, terminal);
    return exitCodeOf(result.exit);
  } catch (thrown) {
    return fail(thrown, {
      terminal,
      env: options.env,
      json: parsed.global.json,
      command: parsed.command.name,
    });
  }
}

/** The exit code, when there is nothing to run: help, version, or wrong arguments. */
async function parse(options: CliOptions): Promise<Invocation | number> {
  let all: readonly Command[] = commands;
  try {
    all = [...commands, ...(await recipeCommands())];
    const write = (text: string): void => void options.stdout.write(text);
    const invocation = await parseArguments(options.args, {
      commands: all,
      version: packageVersion(),
      write,
    });
    return invocation ?? exitCodeOf('ok');
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCodeOf('ok');
    const error =
      thrown instanceof CommanderError
        ? fromCommander(thrown, { args: options.args, commands: all })
        : thrown;
    const terminal = newTerminal(options, false);
    return fail(error, { terminal, env: options.env, json: options.args.includes('--json'), command: null });
  }
}

function print(result: CommandResult, invocation: Invocation, terminal: Terminal): void {
  if (invocation.global.json) {
    terminal.out(
      JSON.stringify({ ok: result.exit === 'ok', command: invocation.command.name, ...result.data }),
    );
    return;
  }
  for (const line of result.text) terminal.out(line);
}

function fail(
  thrown: unknown,
  context: {
    readonly terminal: Terminal;
    readonly env: Variables;
    readonly json: boolean;
    readonly command: string | null;
  },
): number {
  const { failure, exitCode, error } = describeFailure(thrown);
  const { terminal, command } = context;
  for (const line of renderFailure(failure, terminal)) terminal.fault(line);
  if ((context.env['LOCKSTEP_DEBUG'] ?? '') !== '') terminal.fault(renderStack(error));
  if (context.json) terminal.out(JSON.stringify({ ok: false, command, error: failure }));
  return exitCode;
}

const newTerminal = (options: CliOptions, quiet: boolean): Terminal =>
  new Terminal({
    stdout: options.stdout,
    stderr: options.stderr,
    quiet,
    color: (options.env['NO_COLOR'] ?? '') === '',
  });
