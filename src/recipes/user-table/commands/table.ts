import type { RecipeCommand } from '../../../index.ts';
import { checklist } from '../demo/checklist.ts';
import { bulk } from './bulk.ts';
import { approve, check, letters, pause, remove, replay, resume, status } from './look.ts';
import { realtime, setup, start } from './start.ts';
import { syncAll, verify } from './verify.ts';

/** `lockstep user-table COMMAND`, in the order in which somebody needs them. */
export const commands: Readonly<Record<string, RecipeCommand>> = {
  check: { about: 'what would go wrong; nothing is touched', run: check },
  setup: { about: 'prepares both databases, then starts', run: setup },
  start: { about: 'the service', run: start },
  status: { about: 'how the service is, from what it remembers', run: status },
  verify: {
    about: 'compares every user of both sides; --repair mends what differs',
    options: ['repair'],
    run: verify,
  },
  'sync-all': { about: 'one complete pass', run: syncAll },
  bulk: { about: 'part of a pass, in key order: bulk [limit] [offset]', mostArguments: 2, run: bulk },
  realtime: { about: 'follows changes, without scheduled passes', run: realtime },
  pause: { about: 'stops the service’s work until `resume`, over restarts too', run: pause },
  resume: { about: 'lets it go on', run: resume },
  letters: { about: 'users that can’t be synchronised, with the reasons', run: letters },
  replay: { about: 'tries these again', run: replay },
  approve: { about: 'lets users leave that a guard holds back', run: approve },
  checklist: { about: 'tries the contract’s checklist on two servers of its own', run: checklist },
  remove: {
    about:
      'takes triggers, our own state and what `setup` made from both databases; users and sync_errors stay',
    run: remove,
  },
};
