/** The engine's commands, with what may follow them, → ours. The first that fits counts. */
const words: readonly (readonly [RegExp, string])[] = [
  [/lockstep resync\b(?: users\b(?: [\w-]+)?)?/g, 'lockstep featbit:seed'],
  [/lockstep (?:run|verify)\b(?: users\b)?(?: --(?:repair|compare)\b)?/g, 'lockstep featbit:seed'],
  [/lockstep start\b(?: users\b)?/g, 'lockstep featbit:sync'],
  [/lockstep remove\b(?: users\b)?/g, 'lockstep featbit:clean'],
  [/lockstep dead-letters\b(?: users\b)? replay\b/g, 'lockstep featbit-users replay'],
  [/lockstep dead-letters\b(?: users\b)?(?: list\b)?/g, 'lockstep featbit-users letters'],
  [/lockstep plan\b(?: users\b)?/g, 'lockstep featbit-users check'],
  [/lockstep (check|status|approve)\b(?: users\b)?/g, 'lockstep featbit-users $1'],
];

/** The engine names commands of its own; who runs this has the recipe's. All that commands show passes here by itself (see the manifest). */
export const inOurWords = (text: string): string =>
  words.reduce((told, [theirs, ours]) => told.replace(theirs, ours), text);
