import type { RecipeManifest } from '../../index.ts';
import { inOurWords } from './our-words.ts';

/** Found by name by `lockstep demo` and `lockstep user-table`. */
export const manifest = {
  name: 'user-table',
  summary: 'Keeps the users of a chat application in step with those of a marketplace.',
  commands: {
    about:
      'check, setup, start, status, verify, sync-all, bulk, realtime, pause, resume, letters, replay, approve, remove, checklist',
    options: [{ flags: '--repair', about: 'of verify: mend what differs' }],
    examples: [
      'lockstep user-table setup',
      'lockstep user-table verify --repair',
      'lockstep user-table bulk 1000 5000',
    ],
    inOurWords,
    load: () => import('./commands/table.ts'),
  },
  demo: () => import('./demo/main.ts'),
} satisfies RecipeManifest;
