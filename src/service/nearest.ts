import { nearestHint as hintOf, nearestName as nameOf } from '../protocol/nearest-name.ts';

/** For the command line, which knows protocol's types only. */
export const nearestHint = (name: string, known: readonly string[]): string => hintOf(name, known);

export const nearestName = (name: string, known: readonly string[]): string | null => nameOf(name, known);
