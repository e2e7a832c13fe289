import { readFileSync } from 'node:fs';
import { reasonOf } from './file-reason.ts';

export type ReadValue =
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly detail: string };

/** What a file holds that holds one value. Editors and `echo` end files with a line break that is no part of it. */
export function readValueFile(path: string): ReadValue {
  try {
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? { kind: 'unreadable', detail: `${path} is empty` } : { kind: 'value', text };
  } catch (error) {
    return { kind: 'unreadable', detail: `${path}: ${reasonOf(error)}` };
  }
}
