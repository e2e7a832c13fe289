import {
  createLockstep,
  type DestinationConfig,
  isLockstepError,
  type Lockstep,
  type LockstepError,
  type PipelineConfig,
  type RunResult,
  type SourceConfig,
} from '../../../src/index.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { EventLog } from './event-log.ts';

type PostgresSide<Side> = Extract<Side, { readonly connector: 'postgres' }>;

export interface TrialOptions {
  readonly source: string;
  readonly target: string;
  readonly collections: PipelineConfig['collections'];
  readonly sourceConfig?: Partial<Omit<PostgresSide<SourceConfig>, 'connector'>>;
  readonly targetConfig?: Partial<Omit<PostgresSide<DestinationConfig>, 'connector'>>;
  /** Where the control store is: that of an earlier trial, to go on with other settings. Default: one of its own. */
  readonly directory?: string;
  readonly settings?: Partial<Omit<PipelineConfig, 'source' | 'destination' | 'collections'>>;
}

/** One pipeline, `trial`, with a control store of its own, run through the library as a user would. */
export interface Trial extends AsyncDisposable {
  readonly engine: Lockstep;
  readonly directory: string;
  readonly log: EventLog;
  run(): Promise<RunResult>;
  /** Runs and returns what it failed with; throws when it did not fail. */
  failure(): Promise<LockstepError>;
}

/** Short enough for a test, long enough for a server that restarts. */
export const patientRetry = { attempts: 60, initialDelayMs: 50, maxDelayMs: 250, factor: 1.5 };
/** A fault that stays is given up within a second. */
export const hastyRetry = { attempts: 3, initialDelayMs: 20, maxDelayMs: 50, factor: 1.5 };

const recorded = [
  'collection.started',
  'copy.way',
  'partition.finished',
  'retry',
  'notice',
  'guard.raised',
  'dead-letter.put',
  'dead-letter.resolved',
  'failed',
  'throttle',
] as const;

export async function openTrial(options: TrialOptions): Promise<Trial> {
  const { source, target, collections, settings } = options;
  await using opened = new AsyncDisposableStack();
  const directory = options.directory ?? opened.use(await temporaryDirectory()).path;
  const pipeline: PipelineConfig = {
    source: { connector: 'postgres', url: source, ...options.sourceConfig },
    destination: { connector: 'postgres', url: target, ...options.targetConfig },
    collections,
    retry: patientRetry,
    ...settings,
  };
  const engine = opened.use(await createLockstep({ pipelines: { trial: pipeline } }, { directory, env: {} }));
  const log = new EventLog(engine.events, recorded);
  const run = () => engine.run('trial');
  const kept = opened.move();
  return {
    engine,
    directory,
    log,
    run,
    failure: () => failureOf(run()),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What a piece of work failed with; it must be one of the catalogue’s errors. */
export async function failureOf(work: Promise<unknown>): Promise<LockstepError> {
  try {
    await work;
  } catch (thrown) {
    if (isLockstepError(thrown)) return thrown;
    throw thrown;
  }
  throw new Error('it was expected to fail and did not');
}
