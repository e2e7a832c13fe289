import { usageError } from '../../service/failure.ts';
import type { DemoResult } from '../../service/recipe.ts';
import { type Command, type CommandContext, type CommandInput, textOption } from '../command.ts';
import { loadRecipe, recipeNames } from '../recipes.ts';

const defaultSeconds = 30;

export const demo: Command = {
  name: 'demo',
  summary: 'watch recipes work against real servers that it starts and stops',
  argument: { spelling: '[recipe...]', about: 'their names (default: all that exist)' },
  options: [
    { flags: '--seconds <number>', about: `about how long each goes on (default: ${defaultSeconds})` },
  ],
  examples: ['lockstep demo', 'lockstep demo quickstart --seconds 10'],
  async run(input, context) {
    const seconds = secondsOption(input);
    const names = input.positionals.length === 0 ? quickstartFirst(recipeNames()) : input.positionals;
    const manifests = await Promise.all(names.map(loadRecipe));
    const recipes: DemoResult[] = [];
    for (const manifest of manifests) {
      context.signal.throwIfAborted();
      const { runDemo } = await manifest.demo();
      const { json } = context.global;
      recipes.push(
        await runDemo({ seconds, json, signal: context.signal, write: (line) => show(line, context) }),
      );
    }
    const failed = recipes.some((recipe) => !recipe.ok);
    return { exit: failed ? 'failed' : 'ok', data: { recipes }, text: recipes.map(verdict) };
  },
};

/** With --json the last line on stdout is the result; the view goes to stderr then. */
function show(line: string, { terminal, global }: CommandContext): void {
  if (global.json) terminal.message(line);
  else terminal.out(line);
}

function secondsOption(input: CommandInput): number {
  const text = textOption(input, 'seconds');
  if (text === undefined) return defaultSeconds;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 1 && seconds <= 86_400) return seconds;
  throw usageError('--seconds must be a number from 1 to 86400', 'For example --seconds 10');
}

const verdict = (recipe: DemoResult): string =>
  `${recipe.name}: ${recipe.ok ? 'ok' : 'FAILED'}, ${recipe.verified ? 'both sides proved equal' : 'not proved equal'}, ` +
  `drift ${recipe.drift}, dead letters ${recipe.deadLetters}`;

/** Who sees the demo for the first time begins with what the recipes are made of. */
const quickstartFirst = (names: readonly string[]): readonly string[] =>
  names.toSorted((a, b) => Number(b === 'quickstart') - Number(a === 'quickstart'));
