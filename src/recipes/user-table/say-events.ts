import type { Lockstep } from '../../index.ts';
import type { Log } from '../program/log.ts';
import { type Lines, logEvents } from '../program/log-events.ts';
import { standsBy } from './errors/record-events.ts';
import { inOurWords } from './our-words.ts';

const badStatuses: readonly string[] = ['degraded', 'failed', 'paused'];

const lines: Lines = {
  status: ({ status, reason, nextStep }) => [
    status === 'live' ? 'SUCCESS' : badStatuses.includes(status) ? 'WARNING' : 'INFO',
    `Status: ${status}`,
    { reason, nextStep: inOurWords(nextStep) },
  ],
  'feed.connected': () => ['SUCCESS', 'Real-time sync is connected'],
  failed: ({ code, message }) =>
    code === 'interrupted'
      ? ['INFO', 'Stopped before all was done; the next start goes on from there', { reason: message }]
      : ['ERROR', 'Sync failed', { code, reason: message }],
  gap: ({ gap }) => [
    'WARNING',
    'History of changes is missing; both sides are compared',
    { reason: gap.reason },
  ],
  healed: ({ written, seconds }) => ['DEBUG', 'Both sides were compared', { written, seconds }],
  barrier: ({ event }) => [
    'WARNING',
    `The marketplace’s table changed: ${event.kind}`,
    { detail: event.detail },
  ],
  'pass.started': ({ kind, estimatedRows }) => ['INFO', `Pass begins: ${kind}`, { estimatedRows }],
  'pass.finished': ({ result, seconds }) => [
    result === 'equal' ? 'SUCCESS' : 'WARNING',
    `Pass ended: ${result}`,
    { seconds },
  ],
  'comparison.started': () => ['INFO', 'Scheduled sync begins'],
  'comparison.finished': ({ seconds, drifted, isWhole }) =>
    drifted === null
      ? ['ERROR', 'Scheduled sync did not come to an end', { seconds }]
      : !isWhole
        ? ['ERROR', 'Scheduled sync compared nobody: the users have stopped', { seconds }]
        : [drifted === 0 ? 'SUCCESS' : 'WARNING', 'Scheduled sync completed', { seconds, drifted }],
  'collection.status': ({ status, reason, nextStep }) => [
    status === 'stopped' ? 'ERROR' : 'DEBUG',
    `Users: ${status}`,
    { reason, nextStep: inOurWords(nextStep) },
  ],
  'collection.finished': ({ counts, seconds }) => [
    'SUCCESS',
    'Initial bulk sync completed',
    { users: counts.sourceRows, copied: counts.copied, seconds },
  ],
  'guard.raised': ({ leaving, total }) => [
    'ERROR',
    'Too many users would leave the chat; they wait for `lockstep user-table approve`',
    { leaving, total },
  ],
  'guard.cleared': () => ['INFO', 'Users that somebody let go have left'],
  'dead-letter.put': ({ key, code, message }) => [
    'ERROR',
    'A user can’t be synchronised',
    { key, code, reason: message },
  ],
  'dead-letter.resolved': ({ count }) => ['SUCCESS', 'Users that had failed are synchronised', { count }],
  'alternative.taken': ({ key }) => [
    'WARNING',
    'The phone of this user is another user’s: digits were derived',
    { key },
  ],
  'alternative.released': ({ key }) => ['INFO', 'This user has its own phone again', { key }],
  'breaker.opened': ({ code, message, pauseMs }) => [
    'ERROR',
    'Too many failures in a row; nothing is tried for a while',
    { code, reason: message, pauseMs },
  ],
  'breaker.closed': () => ['INFO', 'It is tried again'],
  throttle: ({ share, reason }) =>
    share === 1
      ? ['INFO', 'The chat database is not busy any more']
      : ['WARNING', 'The chat database is above 80 % of its connections; sync slows down', { share, reason }],
  'window.applied': ({ keys, inserted, updated, left }) => [
    'DEBUG',
    'Real-time changes applied',
    { keys, inserted, updated, left },
  ],
  alert: ({ alert, state, text, nextStep }) => [
    state === 'firing' ? 'WARNING' : 'INFO',
    `Alert ${alert} ${state}`,
    { text, nextStep },
  ],
  'alert.undelivered': ({ target, detail }) => [
    'WARNING',
    `An alert could not be delivered to ${target}`,
    { detail },
  ],
  notice: ({ side, message }) => ['DEBUG', message, { side }],
};

/** After `reconnectAttempts` it is said loudly. */
const retryLine =
  (reconnectAttempts: number): NonNullable<Lines['retry']> =>
  ({ what, code, message, attempt, delayMs }) => {
    const details = { code, reason: message, nextInMs: delayMs };
    if (standsBy(code)) return ['DEBUG', 'Another process works on the users', details];
    return attempt === reconnectAttempts
      ? ['ERROR', `Gave up hope after ${attempt} attempts, and goes on trying slowly: ${what}`, details]
      : ['WARNING', `Attempt ${attempt} failed: ${what}`, details];
  };

/** Says what the engine tells. Returns what ends it. */
export const sayEvents = (
  engine: Pick<Lockstep, 'events'>,
  log: Log,
  reconnectAttempts: number,
): Disposable => logEvents(engine, log, { ...lines, retry: retryLine(reconnectAttempts) });
