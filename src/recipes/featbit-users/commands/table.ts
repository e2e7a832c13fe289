import type { RecipeCommand } from '../../../index.ts';
import { clean } from './clean.ts';
import { approve, check, letters, replay, status } from './look.ts';
import { seed, sync } from './sync.ts';

/** `lockstep featbit-users COMMAND`, in the order in which somebody needs them. */
export const commands: Readonly<Record<string, RecipeCommand>> = {
  check: { about: 'what would go wrong; nothing is touched', run: check },
  sync: { about: 'the service: all users, then live', run: sync },
  seed: { about: 'one complete pass over all users', run: seed },
  status: { about: 'how the service is, from what it remembers', run: status },
  letters: { about: 'users that can’t be synchronized, with the reasons', run: letters },
  replay: { about: 'tries these again', run: replay },
  approve: { about: 'lets users be marked as deleted that a guard holds back', run: approve },
  clean: { about: 'removes what we made from FeatBit, and nothing else', run: clean },
};
