import { nearestHint } from '../../service/nearest.ts';

export interface ActionChoice<Action extends string> {
  readonly actions: readonly Action[];
  readonly pipelines: readonly string[];
  /** What is wrong is added here, so that all of it is told at once. */
  readonly faults: string[];
}

export interface ActionArguments<Action extends string> {
  /** Null: a fault says why. */
  readonly action: Action | null;
  readonly pipeline: string;
  readonly words: readonly string[];
}

/** `[pipeline] action [word…]`; the pipeline may be left out when there is only one. */
export function actionArguments<Action extends string>(
  positionals: readonly string[],
  choice: ActionChoice<Action>,
): ActionArguments<Action> {
  const { pipeline, rest } = pipelineOf(positionals, choice);
  const [word, ...words] = rest;
  return { action: actionOf(word, choice), pipeline, words };
}

function pipelineOf<Action extends string>(
  words: readonly string[],
  { actions, pipelines, faults }: ActionChoice<Action>,
): { readonly pipeline: string; readonly rest: readonly string[] } {
  const [first, ...rest] = words;
  const [only = '', ...others] = pipelines;
  if (first !== undefined && pipelines.includes(first)) return { pipeline: first, rest };
  if (first === undefined || actions.some((action) => action === first)) {
    if (others.length > 0) faults.push(`Which pipeline? There are: ${pipelines.join(', ')}`);
    return { pipeline: only, rest: words };
  }
  // A word that is neither: most likely a pipeline when a word of ours follows it.
  if (rest.length > 0 || nearestHint(first, actions) === '') {
    faults.push(
      `There is no pipeline ${first}${nearestHint(first, pipelines)} (there are: ${pipelines.join(', ')})`,
    );
    return { pipeline: only, rest };
  }
  return { pipeline: only, rest: words };
}

function actionOf<Action extends string>(
  word: string | undefined,
  { actions, faults }: ActionChoice<Action>,
): Action | null {
  const action = actions.find((name) => name === word);
  if (action !== undefined) return action;
  const what =
    word === undefined
      ? 'What is to be done?'
      : `${word} is nothing that can be done${nearestHint(word, actions)}`;
  faults.push(`${what} (there are: ${actions.join(', ')})`);
  return null;
}

export function numberOf(text: string, what: string, faults: string[]): number {
  const number = Number(text);
  if (!/^\d{1,15}$/.test(text)) faults.push(`${what} must be a whole number, not ${text}`);
  return number;
}
