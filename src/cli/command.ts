import type { ExitName } from '../protocol/errors/error-class.ts';
import type { Variables } from '../service/secrets/environment.ts';
import type { Terminal } from './terminal.ts';

/** A command as data: the program is built from a table of these. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly argument?: CommandArgument;
  readonly furtherArguments?: readonly CommandArgument[];
  readonly options?: readonly CommandOption[];
  readonly examples?: readonly string[];
  run(input: CommandInput, context: CommandContext): Promise<CommandResult>;
}

export interface CommandArgument {
  /** As commander spells it: `[pipeline]`, `[recipe...]`. */
  readonly spelling: string;
  readonly about: string;
}

export interface CommandOption {
  /** As commander spells it: `--repair`, `--seconds <number>`. */
  readonly flags: string;
  readonly about: string;
}

export interface CommandInput {
  readonly positionals: readonly string[];
  /** By long name without dashes, in camel case; true for flags. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

export interface CommandContext {
  readonly terminal: Terminal;
  readonly global: GlobalOptions;
  readonly cwd: string;
  readonly env: Variables;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface GlobalOptions {
  readonly config: string | undefined;
  readonly envFile: string | undefined;
  readonly json: boolean;
}

export interface CommandResult {
  readonly exit: ExitName;
  /** Joined to `{ ok, command }` on the last line with --json. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The same for people, on stdout. */
  readonly text: readonly string[];
}

export const textOption = (input: CommandInput, name: string): string | undefined => {
  const value = input.options[name];
  return typeof value === 'string' ? value : undefined;
};

export const flagOption = (input: CommandInput, name: string): boolean => input.options[name] === true;
