import { usageError } from '../../service/failure.ts';
import { type CommandInput, flagOption } from '../command.ts';
import { actionArguments, numberOf } from './action-arguments.ts';

const actions = ['list', 'promote', 'rollback', 'discard'] as const;

export type GenerationArguments =
  | { readonly action: 'list'; readonly pipeline: string }
  | { readonly action: 'promote'; readonly pipeline: string; readonly generation: number | null }
  | {
      readonly action: 'rollback';
      readonly pipeline: string;
      readonly generation: number | null;
      readonly keepChanged: boolean;
    }
  | { readonly action: 'discard'; readonly pipeline: string; readonly generation: number };

const hint =
  'lockstep generations [pipeline] list | promote [NUMBER] | rollback [NUMBER] [--keep-changed] | discard NUMBER';

/** All faults at once. */
export function generationArguments(input: CommandInput, pipelines: readonly string[]): GenerationArguments {
  const faults: string[] = [];
  const { action, pipeline, words } = actionArguments(input.positionals, { actions, pipelines, faults });
  const numbers = words.map((text) => numberOf(text, 'a generation’s number', faults));
  if (numbers.length > 1) faults.push('one generation at a time');
  if (numbers.includes(0)) faults.push('generations are numbered from 1');
  const [generation = null] = numbers;
  const keepChanged = flagOption(input, 'keep-changed');
  if (keepChanged && action !== null && action !== 'rollback') faults.push('--keep-changed is for rollback');
  if (action === 'list' && generation !== null) faults.push('list takes no number');
  if (action === 'discard' && generation === null) faults.push('discard takes a number');
  if (action === null || faults.length > 0) throw usageError(faults.join('; '), hint);
  switch (action) {
    case 'list':
      return { action, pipeline };
    case 'promote':
      return { action, pipeline, generation };
    case 'rollback':
      return { action, pipeline, generation, keepChanged };
    case 'discard':
      return { action, pipeline, generation: generation ?? 0 };
  }
}
