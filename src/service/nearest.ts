import { nearestHint as hintOf } from '../protocol/nearest-name.ts';

/** For the command line, which knows protocol's types only. */
export const nearestHint = (name: string, known: readonly string[]): string => hintOf(name, known);
