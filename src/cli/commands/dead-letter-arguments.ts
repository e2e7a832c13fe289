import { usageError } from '../../service/failure.ts';
import { type CommandInput, flagOption, textOption } from '../command.ts';
import { actionArguments, numberOf } from './action-arguments.ts';

const actions = ['list', 'show', 'replay', 'discard'] as const;
type Action = (typeof actions)[number];

export type DeadLetterArguments =
  | { readonly action: 'list'; readonly pipeline: string; readonly query: LetterQuery }
  | { readonly action: 'show'; readonly pipeline: string; readonly id: number }
  | { readonly action: 'replay' | 'discard'; readonly pipeline: string; readonly choice: LetterChoice };

interface LetterQuery {
  readonly collection: string | undefined;
  readonly afterId: number;
  readonly limit: number;
}

interface LetterChoice {
  readonly letters: readonly number[] | null;
  readonly collection: string | null;
}

const hint =
  'lockstep dead-letters [pipeline] list | show ID | replay (ID… | --all | --collection NAME) | discard (the same)';

/** `[pipeline] action [id…]`; the pipeline may be left out when there is only one. All faults at once. */
export function deadLetterArguments(input: CommandInput, pipelines: readonly string[]): DeadLetterArguments {
  const faults: string[] = [];
  const { action, pipeline, words } = actionArguments(input.positionals, { actions, pipelines, faults });
  const ids = words.map((text) => numberOf(text, 'a letter’s number', faults));
  const result = action === null ? null : argumentsOf({ action, pipeline, ids, input, faults });
  if (result === null || faults.length > 0) throw usageError(faults.join('; '), hint);
  return result;
}

interface Parsed {
  readonly action: Action;
  readonly pipeline: string;
  readonly ids: readonly number[];
  readonly input: CommandInput;
  readonly faults: string[];
}

function argumentsOf(parsed: Parsed): DeadLetterArguments {
  const { action, pipeline, ids, input, faults } = parsed;
  const collection = textOption(input, 'collection');
  switch (action) {
    case 'list': {
      if (ids.length > 0) faults.push('list takes no numbers: show does');
      const limit = numberOption(parsed, 'limit', 100);
      const afterId = numberOption(parsed, 'after', 0);
      return { action, pipeline, query: { collection, afterId, limit } };
    }
    case 'show':
      if (ids.length !== 1) faults.push('show takes one number');
      return { action, pipeline, id: ids[0] ?? 0 };
    case 'replay':
    case 'discard': {
      const ways = [ids.length > 0, flagOption(input, 'all'), collection !== undefined].filter(
        Boolean,
      ).length;
      if (ways !== 1) faults.push(`${action} takes either numbers, or --all, or --collection`);
      const letters = ids.length > 0 ? ids : null;
      return { action, pipeline, choice: { letters, collection: collection ?? null } };
    }
  }
}

function numberOption({ input, faults }: Parsed, name: 'limit' | 'after', otherwise: number): number {
  const text = textOption(input, name);
  return text === undefined ? otherwise : numberOf(text, `--${name}`, faults);
}
