import type { EventMap, EventName } from '../../protocol/events.ts';
import type { EventSource } from '../../service/lockstep.ts';
import { count, counted, duration, percent } from '../render/numbers.ts';
import type { Terminal } from '../terminal.ts';
import { blockLines, logLines } from './lines.ts';
import { advance, noProgress, type Progress, type ProgressEvent } from './model.ts';

const redrawEveryMs = 100;
const lineEveryMs = 10_000;
const lettersTold = 10;

/** Shows what an engine tells: a live block on a terminal, else a line every ten seconds; and what is worth a message. */
export function watchProgress(events: EventSource, terminal: Terminal): Disposable {
  if (terminal.quiet) return { [Symbol.dispose]: () => undefined };
  let progress: Progress = noProgress;
  const follow = (step: ProgressEvent): void => {
    progress = advance(progress, step, performance.now());
  };
  const subscriptions = [
    events.on('pass.started', (event) => follow({ name: 'pass.started', event })),
    events.on('collection.started', (event) => follow({ name: 'collection.started', event })),
    events.on('rows.done', (event) => follow({ name: 'rows.done', event })),
    events.on('collection.finished', (event) => follow({ name: 'collection.finished', event })),
    events.on('failed', (event) => follow({ name: 'failed', event })),
    ...tellMessages(events, terminal),
  ];
  const timer = setInterval(
    () => show(progress, terminal),
    terminal.interactive ? redrawEveryMs : lineEveryMs,
  );
  timer.unref();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      terminal.showBlock([]);
      for (const end of subscriptions) end();
    },
  };
}

function show(progress: Progress, terminal: Terminal): void {
  const nowMs = performance.now();
  if (terminal.interactive) terminal.showBlock(blockLines(progress, { nowMs, columns: terminal.columns }));
  else for (const line of logLines(progress, nowMs)) terminal.message(line);
}

type Sentences = { readonly [Name in EventName]?: (event: EventMap[Name]) => string };

const sentences: Sentences = {
  'collection.finished': ({ collection, counts, seconds }) =>
    `${collection}: ${counted(Math.max(counts.sourceRows, counts.copied), 'row')} in ${duration(seconds)}`,
  retry: ({ what, message, attempt, delayMs }) =>
    `${what}: ${message}; trying again in ${duration(delayMs / 1000)} (attempt ${count(attempt)})`,
  notice: ({ side, message }) => `${side}: ${message}`,
  throttle: ({ share, reason }) =>
    share === 1
      ? 'full speed again'
      : `works ${percent(share)} of the time${reason === '' ? '' : `; the destination is busy: ${reason}`}`,
  'guard.raised': ({ collection, leaving, total }) =>
    `${collection}: ${count(leaving)} of ${count(total)} rows would leave; nothing was removed`,
};

function tellMessages(events: EventSource, terminal: Terminal): readonly (() => void)[] {
  const tell = <Name extends EventName>(name: Name): (() => void) => {
    const sentence: ((event: EventMap[Name]) => string) | undefined = sentences[name];
    return events.on(name, (event) => {
      if (sentence !== undefined) terminal.message(sentence(event));
    });
  };
  return [
    tell('collection.finished'),
    tell('retry'),
    tell('notice'),
    tell('guard.raised'),
    tell('throttle'),
    tellLetters(events, terminal),
  ];
}

/** The first few: there may be a hundred thousand, and `status` counts them. */
function tellLetters(events: EventSource, terminal: Terminal): () => void {
  let told = 0;
  return events.on('dead-letter.put', ({ collection, key, message }) => {
    told += 1;
    if (told <= lettersTold) terminal.message(`${collection} ${key}: set aside: ${message}`);
    if (told === lettersTold)
      terminal.message('More keys that are set aside are not named here; `lockstep status` counts them');
  });
}
