import type { Trouble } from '../stream/persevere.ts';
import type { Condition } from './condition.ts';

/** The feed and reads of the source each have a connection of their own, and so a trouble of their own. */
export function troubleOf(condition: Condition, of: 'feed' | 'source' | 'destination'): Trouble {
  return {
    began: ({ message, cure }) => condition.troubled(of, { reason: message, nextStep: cure }),
    ended: () => condition.relieved(of),
  };
}
