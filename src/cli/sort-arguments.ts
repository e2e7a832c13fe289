import type { Command, CommandOption } from './command.ts';
import { globalOptions } from './program.ts';

export interface SortedArguments {
  /** Options that the command does not have, without their values. */
  readonly unknown: readonly string[];
  /** What is no option and can't be the value of one. */
  readonly words: readonly string[];
  /** The long names of the options that it has. */
  readonly known: readonly string[];
  /** How many words it takes. */
  readonly most: number;
}

/** `--seconds` of `--seconds <number>`. */
export const flagsOf = (options: readonly CommandOption[]): readonly string[] =>
  options.map(({ flags }) => flags.split(' ')[0] ?? '');

/** What stands on the command line of a command, whether it is right or not. */
export function sortArguments(args: readonly string[], command: Command): SortedArguments {
  const options = [...(command.options ?? []), ...globalOptions];
  const known = [...flagsOf(options), '--help', '--version'];
  const valued = new Set(
    options.filter(({ flags }) => flags.includes('<')).map(({ flags }) => flags.split(' ')[0]),
  );
  const unknown: string[] = [];
  const words: string[] = [];
  const rest = args.toSpliced(args.indexOf(command.name), 1);
  while (rest.length > 0) {
    const word = rest.shift() ?? '';
    const [flag = ''] = word.split('=');
    if (!isOption(word)) words.push(word);
    else if (known.includes(flag) && valued.has(flag) && flag === word) rest.shift();
    else if (!known.includes(flag) && !shortOptions.has(word)) {
      unknown.push(flag);
      // It may be its value.
      if (flag === word && rest[0] !== undefined && !isOption(rest[0])) rest.shift();
    }
  }
  return { unknown, words, known, most: mostWords(command) };
}

const shortOptions: ReadonlySet<string> = new Set(['-h', '-V']);

const isOption = (word: string): boolean => word.startsWith('-') && word.length > 1;

function mostWords({ argument, furtherArguments = [] }: Command): number {
  const all = [...(argument === undefined ? [] : [argument]), ...furtherArguments];
  return all.some(({ spelling }) => spelling.includes('...')) ? Number.POSITIVE_INFINITY : all.length;
}
