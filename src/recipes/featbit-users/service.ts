import {
  type CheckResult,
  createLockstep,
  type Lockstep,
  type MongodbDatabase,
  openMongodb,
  type StartedPipeline,
  withRetry,
} from '../../index.ts';
import type { Log } from '../program/log.ts';
import { notReady } from '../program/not-ready.ts';
import { configuration, pipeline } from './configuration.ts';
import { findFaults } from './featbit/find-faults.ts';
import { findPlacement } from './featbit/find-placement.ts';
import { prepareFeatBit } from './featbit/prepare.ts';
import { countUsers, type Source } from './featbit/source.ts';
import { Strangers } from './featbit/strangers.ts';
import { tend } from './featbit/tend.ts';
import type { Placement } from './mapping/ids.ts';
import { sayEvents } from './say-events.ts';
import type { DatabaseSettings, Settings } from './settings/settings.ts';

export interface ServiceOptions {
  readonly settings: Settings;
  readonly log: Log;
  /** What relative paths start from. */
  readonly directory: string;
}

interface SignalOption {
  readonly signal: AbortSignal;
}

interface Opened {
  readonly engine: Lockstep;
  readonly placement: Placement;
  readonly strangers: Strangers;
}

/** For databases that are away at the start. */
const patience = {
  attempts: Number.POSITIVE_INFINITY,
  initialDelayMs: 1_000,
  maxDelayMs: 30_000,
  factor: 2,
} as const;
/** Most of 30 s, which whoever stops containers waits at least; what has not ended by then goes on with the next start. */
export const drainMs = 27_000;

/** Keeps FeatBit's users in step with Bitsacco's: an engine with one pipeline, and what only FeatBit needs. */
export class FeatbitSyncService implements AsyncDisposable {
  readonly settings: Settings;
  readonly featbit: MongodbDatabase;
  readonly source: Source;
  readonly #options: ServiceOptions;
  #engine: Lockstep | null = null;

  constructor(options: ServiceOptions) {
    const { settings } = options;
    this.settings = settings;
    this.#options = options;
    this.featbit = openMongodb(endpoint(settings.featbit));
    this.source = {
      database: openMongodb(endpoint(settings.bitsacco)),
      collection: settings.bitsacco.collection,
    };
  }

  /** Touches nothing. Throws `not-ready` with everything that is wrong about where users would go. */
  async open({ signal }: SignalOption): Promise<Opened> {
    const { settings, log } = this.#options;
    const sides = { bitsacco: this.source.database, featbit: this.featbit };
    const [found, faults] = await Promise.all([
      findPlacement(this.featbit, settings, { signal }),
      findFaults(sides, settings, { signal }),
    ]);
    const { placement } = found;
    if (placement === null || faults.length > 0) throw notReady(pipeline, [...faults, ...found.faults]);
    const strangers = new Strangers(({ user, with: kind }) =>
      log('WARNING', `User ${user} is left out: FeatBit has another ${clashing[kind]}`, { user, kind }),
    );
    return { engine: await this.#openEngine({ placement, strangers }), placement, strangers };
  }

  /** An engine that only looks at what is remembered, and asks: no database needs to be there. */
  async look(): Promise<Lockstep> {
    return await this.#openEngine({ placement: nowhere, strangers: new Strangers(() => {}) });
  }

  /** Checks, and puts right what others left; then a pass or the stream may begin. */
  async prepare({ engine, placement, strangers }: Opened, { signal }: SignalOption): Promise<void> {
    const { log } = this.#options;
    const [checked] = await engine.check(pipeline, { signal });
    if (checked !== undefined) this.#tellFindings(checked);
    const { featbit, source } = this;
    const prepared = await prepareFeatBit(featbit, { source, placement }, { signal });
    if (Object.values(prepared).some((count) => count > 0))
      log('INFO', 'Put right what others left', { ...prepared });
    await strangers.look({ featbit, source, placement }, { signal });
  }

  countUsers(options: SignalOption): Promise<number> {
    return countUsers(this.source, options);
  }

  /** Runs until the signal aborts and all is drained; how it ended. A database that is away at the start is waited for. */
  async run({ signal }: SignalOption): Promise<StartedPipeline> {
    const { log } = this.#options;
    log('INFO', 'Starting FeatBit user sync service...');
    const stopping = () => log('INFO', 'Stopping FeatBit user sync service...');
    signal.addEventListener('abort', stopping, { once: true });
    const over = new AbortController();
    const opened = await this.#openPatiently(signal);
    if (opened === null) return { pipeline, ended: 'drained', restarts: 0, failure: null };
    const { engine, placement, strangers } = opened;
    using _lines = sayEvents(engine, { log, placement });
    const request = { engine, placement, strangers, featbit: this.featbit, source: this.source, log };
    const tending = tend(request, over.signal);
    try {
      const [ended] = await engine.startAll([pipeline], { signal, drainMs });
      if (ended === undefined) throw new Error('there is one pipeline');
      return ended;
    } finally {
      over.abort();
      await tending;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine?.[Symbol.asyncDispose]();
    await this.featbit[Symbol.asyncDispose]();
    await this.source.database[Symbol.asyncDispose]();
  }

  /** Null: it was stopped meanwhile. */
  async #openPatiently(signal: AbortSignal): Promise<Opened | null> {
    const { log } = this.#options;
    try {
      return await withRetry(() => this.#openPrepared(signal), {
        what: 'reach both databases',
        settings: patience,
        signal,
        onRetry: ({ error: { code, message: reason }, attempt, delayMs: nextInMs }) =>
          log('WARNING', `Attempt ${attempt} to reach both databases failed`, { code, reason, nextInMs }),
      });
    } catch (thrown) {
      if (signal.aborted) return null;
      throw thrown;
    }
  }

  async #openPrepared(signal: AbortSignal): Promise<Opened> {
    const { log } = this.#options;
    const opened = await this.open({ signal });
    await this.prepare(opened, { signal });
    log('INFO', 'Starting full user synchronization...');
    log('INFO', `Found ${await this.countUsers({ signal })} users to synchronize`);
    return opened;
  }

  async #openEngine(parts: Omit<Opened, 'engine'>): Promise<Lockstep> {
    const { settings, directory } = this.#options;
    await this.#engine?.[Symbol.asyncDispose]();
    this.#engine = await createLockstep(configuration(settings, parts), { directory, env: {} });
    return this.#engine;
  }

  #tellFindings({ findings }: CheckResult): void {
    const errors = findings.filter(({ level }) => level === 'error');
    for (const { level, code, message, cure } of findings)
      if (level !== 'error')
        this.#options.log(level === 'info' ? 'INFO' : 'WARNING', message, { code, cure });
    if (errors.length > 0)
      throw notReady(
        pipeline,
        errors.map(({ code, message, cure }) => `${code}: ${message}\n    ${cure}`),
      );
  }
}

const clashing = {
  'e-mail': 'user with this e-mail, which was made by hand',
  id: 'user with this id, which was made by hand',
  'end user': 'end user with this key, which it made itself',
} as const;

const nowhere: Placement = {
  workspaceId: '',
  organizationId: '',
  environmentId: '',
  hasWorkspaceUsers: true,
  hasMembers: true,
};

const endpoint = ({ url, database }: DatabaseSettings) => ({ url, database });
