/**
 * What an error asks for. The reaction is chosen by the class alone.
 *
 * - `transient`: back off and try again; nothing is ever dead-lettered for it
 * - `deferred`: another key can cure it (unique, exclusion, foreign key); tried again after others
 * - `change`: this one change can't be applied; its key is parked as a dead letter, others go on
 * - `collection`: this collection stops (missing column, revoked right), nothing is parked, others go on
 * - `pipeline`: the pipeline stops
 * - `configuration`: what we were asked is wrong; found before anything is touched
 */
export type ErrorClass = 'transient' | 'deferred' | 'change' | 'collection' | 'pipeline' | 'configuration';

/** What the process exits with (DESIGN section 6). */
export const exitCodes = {
  ok: 0,
  failed: 1,
  pending: 2,
  configuration: 3,
  connection: 4,
  interrupted: 130,
} as const;
export type ExitName = keyof typeof exitCodes;
