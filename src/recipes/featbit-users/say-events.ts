import type { AppliedEffect, Lockstep } from '../../index.ts';
import type { Log } from '../program/log.ts';
import { type Lines, logEvents } from '../program/log-events.ts';
import type { Placement } from './mapping/ids.ts';

const badStatuses: readonly string[] = ['degraded', 'failed', 'paused'];

const lines: Lines = {
  status: ({ status, reason, nextStep }) => [
    badStatuses.includes(status) ? 'WARNING' : 'INFO',
    `Status: ${status}`,
    { reason, nextStep },
  ],
  retry: ({ what, code, message, attempt, delayMs }) => [
    'WARNING',
    `Attempt ${attempt} failed: ${what}`,
    { code, reason: message, nextInMs: delayMs },
  ],
  failed: ({ code, message }) => ['ERROR', 'Synchronization failed', { code, reason: message }],
  gap: ({ gap }) => [
    'WARNING',
    'History of changes is missing; all users are compared',
    { reason: gap.reason },
  ],
  barrier: ({ event }) => [
    // By polling it is how every look begins.
    event.kind === 'compare' ? 'DEBUG' : 'WARNING',
    `Unhandled operation type: ${event.operation ?? event.kind}`,
    { detail: event.detail, next: 'all users are compared' },
  ],
  'collection.status': ({ collection, status, reason, nextStep }) => [
    status === 'stopped' ? 'ERROR' : 'DEBUG',
    `${collection}: ${status}`,
    { reason, nextStep },
  ],
  'collection.finished': ({ collection, counts, seconds }) => [
    'INFO',
    `${collection} is filled`,
    {
      users: counts.sourceRows,
      added: counts.copied + counts.inserted,
      updated: counts.updated,
      left: counts.left,
      seconds,
    },
  ],
  'guard.raised': ({ collection, leaving, total }) => [
    'ERROR',
    `Too many users would be ${goneFrom(collection)}; they wait for \`lockstep featbit-users approve\``,
    { collection, leaving, total },
  ],
  'guard.cleared': ({ collection }) => [
    'INFO',
    `Users that somebody let go are ${goneFrom(collection)}`,
    { collection },
  ],
  'dead-letter.put': ({ collection, key, code, message }) => [
    'ERROR',
    'A user can’t be synchronized',
    { collection, key, code, reason: message },
  ],
  'dead-letter.resolved': ({ collection, count }) => [
    'INFO',
    'Users that had failed are synchronized',
    { collection, count },
  ],
  'alternative.taken': ({ key }) => [
    'WARNING',
    'The e-mail of this user is another user’s: it has one of its own',
    { key },
  ],
  'alternative.released': ({ key }) => ['INFO', 'This user has its e-mail again', { key }],
  notice: ({ side, message }) => ['DEBUG', message, { side }],
};

/** Nothing is deleted for good but memberships. */
const goneFrom = (collection: string): string =>
  memberships.includes(collection) ? `removed from ${collection}` : `marked as deleted in ${collection}`;

const memberships: readonly string[] = ['WorkspaceUsers', 'OrganizationUsers', 'MemberPolicies'];

interface Request {
  readonly log: Log;
  readonly placement: Placement;
}

/** Says what the engine tells. Returns what ends it. */
export function sayEvents(engine: Pick<Lockstep, 'events'>, { log, placement }: Request): Disposable {
  const told = logEvents(engine, log, lines);
  const ends = [
    ...whenComplete(engine, log),
    engine.events.on('keys.applied', ({ collection, keysOf }) => {
      if (collection !== (placement.hasMembers ? 'Users' : 'EndUsers')) return;
      for (const [effect, say] of effects)
        for (const key of keysOf(effect)) log('INFO', say(String(JSON.parse(key))));
    }),
  ];
  return {
    [Symbol.dispose]: () => {
      told[Symbol.dispose]();
      for (const end of ends) end();
    },
  };
}

const effects: readonly (readonly [AppliedEffect, (user: string) => string])[] = [
  ['inserted', (user) => `Added new user ${user} to FeatBit`],
  ['updated', (user) => `Updated user ${user} in FeatBit`],
  ['left', (user) => `Marked user ${user} as deleted in FeatBit`],
];

/** The first pass over all users is what a start begins with; the others are told less loudly. */
function whenComplete({ events }: Pick<Lockstep, 'events'>, log: Log): readonly (() => void)[] {
  let isFirst = true;
  const complete = (seconds: number, drifted: number | null): void => {
    log(isFirst ? 'SUCCESS' : 'DEBUG', 'Full user synchronization completed', { seconds, drifted });
    if (isFirst) log('SUCCESS', 'FeatBit user sync service started successfully');
    isFirst = false;
  };
  return [
    events.on('comparison.finished', ({ seconds, drifted, isWhole }) => {
      if (isWhole) complete(seconds, drifted);
    }),
    events.on('pass.finished', ({ result, seconds }) => {
      if (result === 'equal' || result === 'pending') complete(seconds, null);
    }),
  ];
}
