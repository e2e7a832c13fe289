import type { CommanderError } from 'commander';
import { usageError } from '../service/failure.ts';
import type { Command } from './command.ts';

/** What was called, as far as it can be told. */
export interface Called {
  readonly args: readonly string[];
  readonly commands: readonly Command[];
}

/** Commander's complaint as ours; its second line, where it has one, names the nearest option or command. */
export function fromCommander(error: CommanderError, called: Called): Error {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const detail = `${first.charAt(0).toUpperCase()}${first.slice(1)}`;
  const command = commandOf(called);
  const meant = error.code === 'commander.unknownOption' ? begunOption(first, command) : null;
  const near = meant === null ? suggestion?.replace(/^\(|\)$/g, '') : `Did you mean ${meant}?`;
  const help = command === undefined ? 'lockstep --help' : `lockstep ${command.name} --help`;
  return usageError(detail, near ?? `See \`${help}\`.`);
}

const commandOf = ({ args, commands }: Called): Command | undefined =>
  args.flatMap((word) => commands.find(({ name }) => name === word) ?? []).at(0);

/** `--keep` for `--keep-changed`: by the number of letters others are nearer. */
function begunOption(complaint: string, command: Command | undefined): string | null {
  const begun = /'(--[\w-]{2,})/.exec(complaint)?.[1];
  if (begun === undefined) return null;
  const flags = (command?.options ?? []).map(({ flags: spelling }) => spelling.split(' ')[0] ?? '');
  const [only = null, ...others] = flags.filter((flag) => flag.startsWith(begun));
  return others.length === 0 ? only : null;
}
