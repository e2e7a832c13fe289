import type { RecipeCommandInput, RecipeCommandResult } from '../../../index.ts';
import { pipeline } from '../configuration.ts';
import { removeOurs } from '../featbit/remove-ours.ts';
import { openService } from './command.ts';

/** Takes everything that we made, but not whom we adopted, out of FeatBit, and what we remember. What could not be reached is told, and is still there. */
export async function clean(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  await using service = openService(input);
  const { engine } = await service.open(input);
  // First: a service that runs must not make anew what is taken away.
  const state = await engine.remove(pipeline, input);
  const { removed, givenBack } = await removeOurs(service.featbit, input);
  return {
    exit: state.left.length === 0 ? 'ok' : 'failed',
    data: { result: { removed, givenBack, state } },
    text: [
      ...Object.entries(removed).map(([collection, count]) => `${collection}: ${count} removed`),
      ...(givenBack === 0 ? [] : [`Users: ${givenBack} that had been adopted stay`]),
      ...state.left.map((each) => `left: ${each}`),
    ],
  };
}
