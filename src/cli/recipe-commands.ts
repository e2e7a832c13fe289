import { Option } from 'commander';
import { usageError, wasTerminated } from '../service/failure.ts';
import type { RecipeCommand, RecipeCommandInput, RecipeCommands, RecipeManifest } from '../service/recipe.ts';
import type { Command, CommandContext, CommandInput, CommandResult } from './command.ts';
import { keepMemorySmall } from './memory-keeper.ts';
import { growNursery } from './nursery.ts';
import { loadRecipe, recipeNames } from './recipes.ts';

/** One command for each recipe that has commands of its own. */
export async function recipeCommands(): Promise<readonly Command[]> {
  const manifests = await Promise.all(recipeNames().map(loadRecipe));
  return manifests.flatMap((manifest) =>
    manifest.commands === undefined
      ? []
      : [commandOf(manifest, manifest.commands), ...historicCommands(manifest, manifest.commands)],
  );
}

/** Under names that people and scripts know from before. */
function historicCommands({ name }: RecipeManifest, commands: RecipeCommands): readonly Command[] {
  return Object.entries(commands.historicNames ?? {}).map(([historic, command]) => ({
    name: historic,
    summary: `the same as ${name} ${command}`,
    options: [],
    examples: [`lockstep ${historic}`],
    run: (input, context) =>
      run({ name, commands }, { ...input, positionals: [command, ...input.positionals] }, context),
  }));
}

function commandOf({ name, summary }: RecipeManifest, commands: RecipeCommands): Command {
  const { about, options, examples } = commands;
  return {
    name,
    summary: `recipe: ${summary.charAt(0).toLowerCase()}${summary.slice(1).replace(/\.$/, '')}`,
    argument: { spelling: '<command>', about },
    furtherArguments: [{ spelling: '[arguments...]', about: 'of that command' }],
    options,
    examples,
    run: (input, context) => run({ name, commands }, input, context),
  };
}

async function run(
  { name, commands }: { readonly name: string; readonly commands: RecipeCommands },
  input: CommandInput,
  context: CommandContext,
): Promise<CommandResult> {
  if (commands.inOurWords !== undefined) context.terminal.speak(commands.inOurWords);
  const known = (await commands.load()).commands;
  const [asked = '', ...args] = input.positionals;
  const command = Object.hasOwn(known, asked) ? known[asked] : undefined;
  if (command === undefined) {
    const list = Object.entries(known).map(([each, { about }]) => `  ${each.padEnd(10)} ${about}`);
    throw usageError(`The recipe ${name} has no command ${asked}`, `It has:\n${list.join('\n')}`);
  }
  refuseUnknown(
    { recipe: name, name: asked, command, options: commands.options },
    { args, options: input.options },
  );
  growNursery();
  using _kept = keepMemorySmall();
  const result = await command.run(toRecipeInput({ ...input, positionals: args }, context));
  const { signal } = context;
  const isInterrupted = result.exit === 'ok' && signal.aborted && !wasTerminated(signal);
  return isInterrupted ? { ...result, exit: 'interrupted' } : result;
}

interface Asked {
  readonly recipe: string;
  readonly name: string;
  readonly command: RecipeCommand;
  /** What all commands of the recipe may take. */
  readonly options: RecipeCommands['options'];
}

/** What a command does not take it would not heed. */
function refuseUnknown(
  { recipe, name, command, options }: Asked,
  given: Pick<RecipeCommandInput, 'args' | 'options'>,
): void {
  const { mostArguments = 0, options: own = [] } = command;
  const ofRecipe = options.map(({ flags }) => new Option(flags).attributeName());
  const strange = ofRecipe.find((option) => given.options[option] !== undefined && !own.includes(option));
  const hint = `${recipe} ${name}: ${command.about}`;
  if (strange !== undefined) throw usageError(`${recipe} ${name} takes no --${strange}`, hint);
  const more = given.args.slice(mostArguments).join(' ');
  if (more !== '') throw usageError(`${recipe} ${name} takes no argument ${more}`, hint);
}

function toRecipeInput(
  { positionals, options }: CommandInput,
  { terminal, global, cwd, env, signal }: CommandContext,
): RecipeCommandInput {
  return {
    args: positionals,
    options,
    env,
    envFile: global.envFile,
    cwd,
    json: global.json,
    signal,
    out: (line) => terminal.out(line),
    message: (line) => terminal.message(line),
    protect: (secrets) => terminal.protect(secrets),
  };
}
