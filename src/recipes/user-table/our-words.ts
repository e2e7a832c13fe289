import type { StatusResult } from '../../index.ts';

const commands: Readonly<Record<string, string>> = {
  'dead-letters': 'letters',
  plan: 'check',
  run: 'sync-all',
  resync: 'sync-all',
};

const ofEngine =
  /lockstep (start|plan|check|status|verify|approve|pause|resume|run|resync|dead-letters)\b(?: users)?(?: public\.users)?(?: list)?/g;

/** The engine names commands of its own; who runs this has the recipe's. */
export const inOurWords = (text: string): string =>
  text.replace(ofEngine, (_, command: string) => `lockstep user-table ${commands[command] ?? command}`);

/** What anybody is told to do next, whatever tells it. */
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
