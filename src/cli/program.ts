import { Command as CommanderCommand } from 'commander';
import { usageError } from '../service/failure.ts';
import type { Command, CommandInput, CommandOption, GlobalOptions } from './command.ts';

/** What the arguments ask for. */
export interface Invocation {
  readonly command: Command;
  readonly input: CommandInput;
  readonly global: GlobalOptions;
  readonly quiet: boolean;
}

/**
 * Parses arguments by a table of commands. Throws commander's `CommanderError`, also for help and version, whose text goes
 * to `write`.
 */
export async function parseArguments(
  args: readonly string[],
  options: {
    readonly commands: readonly Command[];
    readonly version: string;
    readonly write: (text: string) => void;
  },
): Promise<Invocation | null> {
  let invocation: Invocation | null = null;
  const program = newProgram(options);
  for (const command of options.commands) {
    addCommand(program, command).action((...parameters: readonly unknown[]) => {
      invocation = invocationOf(command, parameters);
    });
  }
  await program.parseAsync(args.length === 0 ? ['--help'] : args, { from: 'user' });
  return invocation;
}

/** What may stand with every command. */
export const globalOptions: readonly CommandOption[] = [
  {
    flags: '--config <file>',
    about: 'the configuration (default: lockstep.config.ts, .mts, .js, .mjs or .json here)',
  },
  {
    flags: '--env-file <file>',
    about: 'variables for env() references (default: .env beside the configuration)',
  },
  { flags: '--json', about: 'print the result as JSON, on the last line of stdout' },
  { flags: '--quiet', about: 'no progress and no messages; errors are still printed' },
];

function newProgram(options: {
  readonly version: string;
  readonly write: (text: string) => void;
}): CommanderCommand {
  const program = new CommanderCommand('lockstep')
    .description('Keeps databases, SaaS APIs and event streams in step.')
    .version(options.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help for a command')
    .helpCommand('help [command]', 'print help for a command')
    .addHelpText('after', exitCodeHelp)
    // With its arguments the longest command would leave no room for what they do.
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .configureOutput({ writeOut: options.write, writeErr: () => undefined })
    .exitOverride();
  for (const { flags, about } of globalOptions) program.option(flags, about);
  return program;
}

const exitCodeHelp = `
Exit codes: 0 ok, 1 failed, 2 differences, pending changes or dead letters, 3 configuration or usage,
4 connection or permission, 130 interrupted. Documentation: docs/reference/cli.md`;

function addCommand(program: CommanderCommand, command: Command): CommanderCommand {
  const added = program.command(command.name).description(command.summary);
  const first = command.argument === undefined ? [] : [command.argument];
  for (const { spelling, about } of [...first, ...(command.furtherArguments ?? [])])
    added.argument(spelling, about);
  for (const option of command.options ?? []) added.option(option.flags, option.about);
  const examples = (command.examples ?? []).map((example) => `  ${example}`);
  if (examples.length > 0) added.addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
  return added;
}

/** Commander passes one parameter per declared argument, then the options, then its own command. */
function invocationOf(command: Command, parameters: readonly unknown[]): Invocation {
  const own = parameters.at(-1);
  if (!(own instanceof CommanderCommand)) throw new TypeError('commander passes its command last');
  const options: CommandInput['options'] = own.optsWithGlobals();
  refuseSwallowed(options);
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined);
  return {
    command,
    input: { positionals: own.args, options },
    global: { config: text('config'), envFile: text('envFile'), json: options['json'] === true },
    quiet: options['quiet'] === true,
  };
}

/** `--config --json` takes the second for a file; nobody means that. */
function refuseSwallowed(options: CommandInput['options']): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== 'string' || !value.startsWith('--')) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw usageError(`${flag} needs a value before ${value}`, 'See `lockstep --help`.');
  }
}
