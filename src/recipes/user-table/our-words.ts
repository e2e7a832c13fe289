const commands: Readonly<Record<string, string>> = {
  'dead-letters': 'letters',
  run: 'sync-all',
  resync: 'sync-all',
};

const ofEngine =
  /lockstep (start|check|status|verify|approve|pause|resume|run|resync|dead-letters)\b(?: users)?(?: list)?/g;

/** The engine names commands of its own; who runs this has the recipe's. */
export const inOurWords = (text: string): string =>
  text.replace(ofEngine, (_, command: string) => `lockstep user-table ${commands[command] ?? command}`);
