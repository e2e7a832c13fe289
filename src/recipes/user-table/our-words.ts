import type { StatusResult } from '../../index.ts';

/** What follows a command of the engine and not one of ours: there is one pipeline with one collection. */
const named = String.raw`(?: users\b)?(?: public\.users\b)?`;

/** The engine's commands, with what may follow them, → ours. The first that fits counts. */
const words: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`lockstep dead-letters\\b${named} replay\\b`, 'g'), 'lockstep user-table replay'],
  [new RegExp(`lockstep dead-letters\\b${named}(?: list\\b)?`, 'g'), 'lockstep user-table letters'],
  [new RegExp(`lockstep (?:run|resync)\\b${named}(?: --compare\\b)?`, 'g'), 'lockstep user-table sync-all'],
  [new RegExp(`lockstep plan\\b${named}`, 'g'), 'lockstep user-table check'],
  [
    new RegExp(`lockstep (start|check|status|verify|approve|pause|resume|remove)\\b${named}`, 'g'),
    'lockstep user-table $1',
  ],
];

/** The engine names commands of its own; who runs this has the recipe's. What commands show passes here by itself (see the manifest). */
export const inOurWords = (text: string): string =>
  words.reduce((told, [theirs, ours]) => told.replace(theirs, ours), text);

/** What anybody is told to do next by what is no command. */
export const statusInOurWords = (found: StatusResult): StatusResult => ({
  ...found,
  nextStep: inOurWords(found.nextStep),
  live: found.live === null ? null : { ...found.live, nextStep: inOurWords(found.live.nextStep) },
  alerts: found.alerts.map((alert) => ({
    ...alert,
    text: inOurWords(alert.text),
    nextStep: inOurWords(alert.nextStep),
  })),
});
