import type { EventMap, EventName } from '../../protocol/events.ts';
import type { PipelineStatus } from '../../protocol/status.ts';
import { count, counted, duration, percent } from '../render/numbers.ts';

export type Level = 'info' | 'warn' | 'error';

export interface EventLine {
  readonly level: Level;
  readonly text: string;
}

/** Null: too often for a line each, or told by another line. */
type Lines = { readonly [Name in EventName]: ((event: EventMap[Name]) => EventLine) | null };

const info = (text: string): EventLine => ({ level: 'info', text });
const warn = (text: string): EventLine => ({ level: 'warn', text });
const error = (text: string): EventLine => ({ level: 'error', text });

const statusLevels: Readonly<Record<PipelineStatus, Level>> = {
  starting: 'info',
  copying: 'info',
  live: 'info',
  idle: 'info',
  standby: 'info',
  healing: 'warn',
  paused: 'warn',
  degraded: 'warn',
  failed: 'error',
  stopped: 'info',
};

const namesOf = (collections: readonly string[] | null): string =>
  collections === null ? 'all collections' : collections.join(', ');

/** What the service's log says about each event; every event has to be decided here. */
export const eventLines: Lines = {
  status: ({ status, reason, nextStep }) => ({
    level: statusLevels[status],
    text: `${status}: ${reason}${nextStep === '' ? '' : `; next: ${nextStep}`}`,
  }),
  'pass.started': ({ kind, collections, estimatedRows, resumed }) =>
    info(
      `${kind} of ${counted(collections.length, 'collection')} ${resumed ? 'goes on' : 'begins'}, about ${count(estimatedRows)} rows`,
    ),
  'pass.finished': ({ result, seconds }) => info(`pass ended after ${duration(seconds)}: ${result}`),
  'copy.way': null,
  'collection.started': null,
  'collection.finished': ({ collection, counts, seconds }) =>
    info(
      `${collection}: ${counted(Math.max(counts.sourceRows, counts.copied), 'row')} in ${duration(seconds)}`,
    ),
  'rows.done': null,
  'partition.finished': null,
  retry: ({ what, code, message, attempt, delayMs }) =>
    warn(`${what}: ${code}: ${message}; again in ${duration(delayMs / 1000)} (attempt ${count(attempt)})`),
  notice: ({ side, message }) => info(`${side}: ${message}`),
  connections: null,
  'guard.raised': ({ collection, leaving, total }) =>
    warn(
      `${collection}: ${count(leaving)} of ${count(total)} rows would leave; they wait for \`lockstep approve\``,
    ),
  'guard.cleared': ({ collection }) => info(`${collection}: what was approved has left`),
  'generation.promoted': ({ generation, inserted, updated, left, lockedMs }) =>
    info(
      `generation ${generation} promoted: ${count(inserted)} inserted, ${count(updated)} updated, ${count(left)} left${lockedMs === null ? '' : `, readers locked out for ${count(lockedMs)} ms at most`}`,
    ),
  'generation.held': ({ generation, reason }) =>
    warn(
      `generation ${generation} is staged and not promoted: ${reason}; \`lockstep approve\` and the next run, or \`lockstep generations promote\`, bring it in`,
    ),
  'dead-letter.put': null,
  'dead-letter.resolved': ({ collection, count: letters }) =>
    info(`${collection}: ${counted(letters, 'dead letter')} resolved`),
  'alternative.taken': ({ collection, key }) =>
    warn(`${collection}: ${key} has another value than its own, which somebody else has`),
  'alternative.released': ({ collection, key }) => info(`${collection}: ${key} has its own value again`),
  'comparison.started': null,
  'comparison.finished': ({ seconds, drifted, isWhole }) => {
    if (drifted === null) return info(`a comparison did not come to an end within ${duration(seconds)}`);
    const found = drifted === 0 ? '' : `: ${counted(drifted, 'row')} had drifted`;
    if (!isWhole)
      return warn(
        `a comparison left out what has stopped, and compared the rest in ${duration(seconds)}${found}`,
      );
    const text = `both sides were compared in ${duration(seconds)}${found}`;
    return drifted === 0 ? info(text) : warn(text);
  },
  failed: ({ collection, code, message }) =>
    error(`${collection === null ? '' : `${collection}: `}${code}: ${message}`),
  'window.applied': null,
  'keys.applied': null,
  lag: null,
  barrier: ({ collections, event }) => {
    const text = `${namesOf(collections)}: ${event.kind}: ${event.detail}`;
    return event.kind === 'compare' ? info(text) : warn(text);
  },
  gap: ({ gap, collections }) =>
    warn(`history is missing (${namesOf(collections)}): ${gap.reason}; both sides are compared and mended`),
  healed: ({ collections, written, seconds }) =>
    info(`healed ${namesOf(collections)}: ${counted(written, 'row')} written in ${duration(seconds)}`),
  'collection.status': ({ collection, status, reason, nextStep }) => {
    const text = `${collection}: ${status}${reason === '' ? '' : `: ${reason}; next: ${nextStep}`}`;
    return status === 'stopped' ? error(text) : info(text);
  },
  'feed.connected': ({ shard }) => info(`follows the source (shard ${shard})`),
  'breaker.opened': ({ code, message, pauseMs }) =>
    warn(`nothing is tried for ${duration(pauseMs / 1000)}: ${code}: ${message}`),
  throttle: ({ share, reason }) =>
    share === 1
      ? info('it works at full speed again')
      : info(
          `it works ${percent(share)} of the time${reason === '' ? '' : `, since the destination is busy: ${reason}`}`,
        ),
  'run.near-interval': ({ elapsedMs, intervalMs }) =>
    warn(
      `the run has taken ${duration(elapsedMs / 1000)} of the ${duration(intervalMs / 1000)} until the next is due`,
    ),
  'keys.reread': ({ keyIds, fault }) =>
    fault === null
      ? info(`keys were read again: ${keyIds.join(', ')}; the first seals`)
      : error(`the keys that were put there can’t be used, and the former ones stay: ${fault}`),
  alert: ({ alert, state, severity, text, nextStep }) => {
    if (state === 'resolved') return info(`alert ${alert} is over`);
    return {
      level: severity === 'critical' ? 'error' : 'warn',
      text: `alert ${alert}: ${text}; next: ${nextStep}`,
    };
  },
  'alert.delivered': ({ target, alert, state }) => info(`${target} was told: ${alert} ${state}`),
  'alert.undelivered': ({ target, alert, state, detail, delayMs }) =>
    warn(
      `${target} was not told ${alert} ${state}: ${detail}; ${delayMs === null ? 'it is dropped' : `again in ${duration(delayMs / 1000)}`}`,
    ),
  'alerts.hindered': ({ message }) => warn(`alerts can’t be told: ${message}`),
  'breaker.closed': () => info('it is tried again'),
};

export const eventNames: readonly EventName[] = Object.keys(eventLines).filter(isEventName);

function isEventName(name: string): name is EventName {
  return Object.hasOwn(eventLines, name);
}
