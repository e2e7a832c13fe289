import type { CommanderError } from 'commander';
import { usageError } from '../service/failure.ts';
import { nearestName } from '../service/nearest.ts';
import type { Command } from './command.ts';
import { flagsOf, sortArguments } from './sort-arguments.ts';

/** What was called, as far as it can be told. */
export interface Called {
  readonly args: readonly string[];
  readonly commands: readonly Command[];
}

/** Commander's complaint as ours; its second line, where it has one, names the nearest option or command. */
export function fromCommander(error: CommanderError, called: Called): Error {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const command = commandOf(called);
  const help = command === undefined ? 'lockstep --help' : `lockstep ${command.name} --help`;
  const all = error.code === 'commander.unknownOption' ? allComplaints(called, command) : null;
  if (all !== null) return usageError(capitalized(all.detail), all.near ?? `See \`${help}\`.`);
  const meant = error.code === 'commander.unknownOption' ? begunOption(first, command) : null;
  const near = meant === null ? suggestion?.replace(/^\(|\)$/g, '') : `Did you mean ${meant}?`;
  return usageError(capitalized(first), near ?? `See \`${help}\`.`);
}

const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

const commandOf = ({ args, commands }: Called): Command | undefined =>
  args.flatMap((word) => commands.find(({ name }) => name === word) ?? []).at(0);

/** `--keep` for `--keep-changed`: by the number of letters others are nearer. */
function begunOption(complaint: string, command: Command | undefined): string | null {
  const begun = /'(--[\w-]{2,})/.exec(complaint)?.[1];
  if (begun === undefined) return null;
  const [only = null, ...others] = flagsOf(command?.options ?? []).filter((flag) => flag.startsWith(begun));
  return others.length === 0 ? only : null;
}

/** Commander stops at the first: all options that are not known, and words too many. Null: there is only one. */
function allComplaints(
  { args }: Called,
  command: Command | undefined,
): { readonly detail: string; readonly near: string | null } | null {
  if (command === undefined) return null;
  const { unknown, words, known, most } = sortArguments(args, command);
  const excess =
    words.length > most
      ? [
          `too many arguments for '${command.name}'. Expected ${most} argument${most === 1 ? '' : 's'} but got ${words.length}: ${words.join(', ')}.`,
        ]
      : [];
  const complaints = [...unknown.map((flag) => `unknown option '${flag}'`), ...excess];
  if (complaints.length < 2) return null;
  const meant = unknown.flatMap(
    (flag) => begunOption(`'${flag}'`, command) ?? nearestName(flag, known) ?? [],
  );
  const near = meant.length === 0 ? null : `Did you mean ${[...new Set(meant)].join(' and ')}?`;
  return { detail: complaints.join('; '), near };
}
