import type { ErrorClass, ExitName } from './error-class.ts';

/** How loudly `check` tells what stops nobody; `info or warning`: as the case is. */
export type ToldLevel = 'info' | 'warning' | 'info or warning';

/** One error of the catalogue. One code has one meaning; its page is generated from this. */
export interface CatalogueEntry {
  /** Only ever told, by `check`: nothing fails with it. Without: it is an error somewhere. */
  readonly level?: ToldLevel;
  readonly class: ErrorClass;
  readonly exit: ExitName;
  /** One sentence with `{places}` that the thrower fills: `Collection {collection} has no key`. */
  readonly message: string;
  /** Why this happens; for the page. */
  readonly cause: string;
  /** What to do; shown with the error and on the page. `{places}` may be used here too. */
  readonly cure: string;
}

/** Keeps the literal codes and texts while checking the shape. */
export const defineErrors = <const Entries extends Record<string, CatalogueEntry>>(
  entries: Entries,
): Entries => entries;

/** The `{places}` of a text, as a type. */
export type Places<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Places<Rest>
  : never;
