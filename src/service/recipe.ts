import type { ExitName } from '../protocol/errors/error-class.ts';
import type { SecretText } from '../protocol/secret.ts';
import type { Variables } from './secrets/environment.ts';

/** What a recipe says about itself. Recipes are found by their folders: a new one needs no entry anywhere. */
export interface RecipeManifest {
  readonly name: string;
  readonly summary: string;
  /** `lockstep NAME COMMAND`; absent: it has none. */
  readonly commands?: RecipeCommands;
  readonly demo: () => Promise<{ runDemo(options: DemoOptions): Promise<DemoResult> }>;
}

export interface RecipeCommands {
  /** For help: what its commands and options are. */
  readonly about: string;
  /** `flags` as commander spells them: `--repair`, `--seconds <number>`. */
  readonly options: readonly { readonly flags: string; readonly about: string }[];
  readonly examples: readonly string[];
  /** Further names on the command line → the command: `lockstep featbit:sync` is `lockstep featbit-users sync`. */
  readonly historicNames?: Readonly<Record<string, string>>;
  /** A text that may name commands of the engine → the same with the recipe's own. All that its commands show passes here. Absent: it stays. */
  readonly inOurWords?: (text: string) => string;
  readonly load: () => Promise<{ readonly commands: Readonly<Record<string, RecipeCommand>> }>;
}

export interface RecipeCommand {
  readonly about: string;
  /** How many arguments it takes at most; default: none. */
  readonly mostArguments?: number;
  /** Long names of the recipe's options that it takes, in camel case; default: none. */
  readonly options?: readonly string[];
  readonly run: (input: RecipeCommandInput) => Promise<RecipeCommandResult>;
}

/** What the command line hands to a command of a recipe. */
export interface RecipeCommandInput {
  readonly args: readonly string[];
  /** By long name without dashes, in camel case; true for flags. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly env: Variables;
  readonly envFile: string | undefined;
  readonly cwd: string;
  readonly json: boolean;
  /** Aborted by the first Ctrl-C, or SIGTERM. */
  readonly signal: AbortSignal;
  /** Data, on stdout. */
  readonly out: (line: string) => void;
  /** For people, on stderr. */
  readonly message: (line: string) => void;
  /** These are never shown from now on. */
  readonly protect: (secrets: readonly SecretText[]) => void;
}

export interface RecipeCommandResult {
  readonly exit: ExitName;
  /** Joined to `{ ok, command }` on the last line with --json. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The same for people, on stdout. */
  readonly text: readonly string[];
}

export interface DemoOptions {
  readonly seconds: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly write: (line: string) => void;
}

export interface DemoResult {
  readonly name: string;
  readonly verified: boolean;
  readonly drift: number;
  readonly deadLetters: number;
  readonly ok: boolean;
  readonly [more: string]: unknown;
}
