import type { RecipeManifest } from '../../index.ts';
import { inOurWords } from './our-words.ts';

/** Found by name by `lockstep demo`, `lockstep featbit-users` and under the names that it had before. */
export const manifest = {
  name: 'featbit-users',
  summary: 'Mirrors the users of a Bitsacco deployment into FeatBit.',
  commands: {
    about: 'check, sync, seed, status, letters, replay, approve, clean',
    options: [],
    examples: ['lockstep featbit-users check', 'lockstep featbit:sync'],
    historicNames: { 'featbit:sync': 'sync', 'featbit:seed': 'seed', 'featbit:clean': 'clean' },
    inOurWords,
    load: () => import('./commands/table.ts'),
  },
  demo: () => import('./demo/main.ts'),
} satisfies RecipeManifest;
