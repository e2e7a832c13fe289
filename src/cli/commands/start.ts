import type { ExitName } from '../../protocol/errors/error-class.ts';
import { exitOfFailures } from '../../service/exit-of-failures.ts';
import { wasTerminated } from '../../service/failure.ts';
import type { StartedPipeline } from '../../service/live-results.ts';
import { seal } from '../../service/secrets/seal.ts';
import { whenStoreAnswers } from '../await-store.ts';
import type { Command, CommandContext, CommandInput } from '../command.ts';
import { type EngineSession, openSession } from '../engine-session.ts';
import { httpAddress, httpTokens } from './http-options.ts';
import { chooseStarted } from './started-pipelines.ts';

export const start: Command = {
  name: 'start',
  summary: 'run live and scheduled pipelines until it is stopped, with health, metrics and an API over HTTP',
  argument: {
    spelling: '[pipeline...]',
    about: 'their names (default: all that are live or have a schedule)',
  },
  options: [
    { flags: '--http <address>', about: 'port, or host:port, to listen on (default: 127.0.0.1:7878)' },
    { flags: '--no-http', about: 'no HTTP' },
    { flags: '--token-file <file>', about: 'holds the token for HTTP (default: LOCKSTEP_TOKEN)' },
    {
      flags: '--read-token-file <file>',
      about: 'holds a token that may only read (default: LOCKSTEP_READ_TOKEN)',
    },
  ],
  examples: [
    'lockstep start',
    'lockstep start shop --http 0.0.0.0:7878 --token-file token',
    'lockstep start --no-http',
  ],
  async run(input, context) {
    const address = httpAddress(input);
    await using session = await openOnceStoreAnswers(context);
    if (session === null) return { exit: exitOf([], context.signal), data: { result: [] }, text: [] };
    const { engine } = session;
    const pipelines = chooseStarted(engine, input.positionals);
    const { openServiceLog } = await import('../logs/service-log.ts');
    using log = openServiceLog(engine.events, context.terminal);
    await using server =
      address === null ? null : await openHttp({ input, context, session, address, pipelines });
    log.logger.info({ pipelines, http: server?.url ?? null }, 'started');
    const result = await engine.startAll(pipelines, { signal: context.signal });
    log.logger.info({ result }, 'stopped');
    return { exit: exitOf(result, context.signal), data: { result }, text: [] };
  },
};

/** Stored connections are part of the configuration: while their store is away nothing of it can be checked. Null: it was stopped meanwhile. */
async function openOnceStoreAnswers(context: CommandContext): Promise<EngineSession | null> {
  const { serviceLogger } = await import('../logs/service-log.ts');
  return await whenStoreAnswers(() => openSession(context, { progress: false }), {
    signal: context.signal,
    onAway: ({ code, message }) =>
      serviceLogger(context.terminal).warn(
        `standby: ${code}: ${message}; next: it starts when the control store answers, which holds stored connections`,
      ),
  });
}

async function openHttp(request: {
  readonly input: CommandInput;
  readonly context: CommandContext;
  readonly session: EngineSession;
  readonly address: NonNullable<ReturnType<typeof httpAddress>>;
  readonly pipelines: readonly string[];
}) {
  const { input, context, session, address, pipelines } = request;
  const tokens = httpTokens(input, context, session.directory);
  const given = Object.values(tokens).filter((token) => token !== null);
  if (given.length > 0) context.terminal.protect(seal(given));
  const { openServer } = await import('../../server/open-server.ts');
  const redact = (text: string): string => context.terminal.redact(text);
  return await openServer({ engine: session.engine, pipelines, address, ...tokens, redact });
}

/** A drained SIGTERM is how a service ends; Ctrl-C is told apart; a pipeline that failed for good is never a success. */
function exitOf(result: readonly StartedPipeline[], signal: AbortSignal): ExitName {
  const failures = result.flatMap(({ failure }) => failure ?? []);
  return exitOfFailures(failures, signal.aborted && !wasTerminated(signal) ? 'interrupted' : 'ok');
}
