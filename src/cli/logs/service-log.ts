import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { EventSource } from '../../service/lockstep.ts';
import type { Terminal } from '../terminal.ts';
import { logEvents } from './log-events.ts';
import { summarizeStreams } from './stream-summary.ts';

/** The log of `lockstep start`: JSON lines on stdout, past the terminal's redactor like everything else. */
export interface ServiceLog extends Disposable {
  readonly logger: Logger;
}

/** What there is before any event can be told. */
export const serviceLogger = (terminal: Terminal): Logger =>
  pino(
    {
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line) => terminal.out(line.trimEnd()) },
  );

export function openServiceLog(events: EventSource, terminal: Terminal): ServiceLog {
  const logger = serviceLogger(terminal);
  const ends = [logEvents(events, logger), summarizeStreams(events, logger)];
  return {
    logger,
    [Symbol.dispose]: () => {
      for (const end of ends) end();
    },
  };
}
