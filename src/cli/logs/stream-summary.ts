import type { Logger } from 'pino';
import type { EventMap } from '../../protocol/events.ts';
import type { Lag } from '../../protocol/status.ts';
import type { EventSource } from '../../service/lockstep.ts';
import { count, counted } from '../render/numbers.ts';

const everyMs = 1000;
const lettersNamed = 3;

interface Second {
  windows: number;
  changes: number;
  keys: number;
  written: number;
  bytes: number;
  slowestMs: number;
  torn: number;
  letters: number;
  readonly firstLetters: string[];
}

const emptySecond = (): Second => ({
  windows: 0,
  changes: 0,
  keys: 0,
  written: 0,
  bytes: 0,
  slowestMs: 0,
  torn: 0,
  letters: 0,
  firstLetters: [],
});

/** What comes too often for a line each: windows and dead letters, one line of each per pipeline and second. */
export function summarizeStreams(events: EventSource, logger: Logger): () => void {
  const seconds = new Map<string, Second>();
  const lags = new Map<string, Lag>();
  const secondOf = (pipeline: string): Second => {
    const known = seconds.get(pipeline) ?? emptySecond();
    seconds.set(pipeline, known);
    return known;
  };
  const flush = (): void => {
    for (const [pipeline, second] of seconds)
      tell(logger, { pipeline, second, lag: lags.get(pipeline) ?? null });
    seconds.clear();
  };
  const ends = [
    events.on('window.applied', (window) => addWindow(secondOf(window.pipeline), window)),
    events.on('dead-letter.put', (letter) => addLetter(secondOf(letter.pipeline), letter)),
    events.on('lag', ({ pipeline, lag }) => void lags.set(pipeline, lag)),
  ];
  const timer = setInterval(flush, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    for (const end of ends) end();
    flush();
  };
}

function addWindow(second: Second, window: EventMap['window.applied']): void {
  second.windows += 1;
  second.changes += window.changes;
  second.keys += window.keys;
  second.written += window.inserted + window.updated + window.left;
  second.bytes += window.bytes;
  second.slowestMs = Math.max(second.slowestMs, window.milliseconds);
  second.torn += window.torn ? 1 : 0;
}

function addLetter(second: Second, { collection, key, code, message }: EventMap['dead-letter.put']): void {
  second.letters += 1;
  if (second.firstLetters.length < lettersNamed)
    second.firstLetters.push(`${collection} ${key}: ${code}: ${message}`);
}

function tell(
  logger: Logger,
  { pipeline, second, lag }: { readonly pipeline: string; readonly second: Second; readonly lag: Lag | null },
): void {
  const { letters, firstLetters, ...stream } = second;
  if (stream.windows > 0)
    logger.info(
      { pipeline, event: 'window.applied', ...stream, lag },
      `${counted(stream.changes, 'change')} in ${counted(stream.windows, 'window')}, ${count(stream.written)} rows written`,
    );
  if (letters > 0)
    logger.warn(
      { pipeline, event: 'dead-letter.put', letters, first: firstLetters },
      `${counted(letters, 'key')} set aside; \`lockstep dead-letters ${pipeline} list\``,
    );
}
