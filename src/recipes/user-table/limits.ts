import type { Log } from '../program/log.ts';
import type { Settings } from './settings/settings.ts';

/** What is looked at twice a second. */
export interface Readings {
  /** Resident, of this process. */
  readonly memoryMb: number;
  /** Connections at work of those that the pool may have, in percent. */
  readonly sourcePoolPercent: number;
  readonly chatPoolPercent: number;
  /** Users that fail now, of all that belong in the chat. */
  readonly failedPercent: number;
  readonly consecutiveFailures: number;
}

/** Above `most` it is warned about. */
export interface Limit {
  readonly reads: keyof Readings;
  readonly most: number;
  readonly warning: string;
  /** For health; null: one of its checks says so already. */
  readonly advice: string | null;
}

/** The contract's expectations: memory below 200 MB, half of a pool, one failure in a thousand, none in a row. These are where it warns. */
export const limitsOf = ({ warnings, consecutiveFailures }: Settings): readonly Limit[] => [
  {
    reads: 'memoryMb',
    most: warnings.memoryMb,
    warning: 'Memory is above its limit',
    advice:
      'This process takes more memory than it should: restart it, and tell the makers with the log of the hours before',
  },
  poolLimit('sourcePoolPercent', 'SOURCE_DB_POOL_SIZE', warnings.poolPercent),
  poolLimit('chatPoolPercent', 'CHAT_DB_POOL_SIZE', warnings.poolPercent),
  {
    reads: 'failedPercent',
    most: 1,
    warning: 'More than 1 % of the users can’t be synchronised',
    advice: null,
  },
  {
    reads: 'consecutiveFailures',
    most: consecutiveFailures,
    warning: 'Consecutive failures are above their limit',
    advice: 'The same work fails again and again: the newest rows of sync_errors name the reason',
  },
];

const poolLimit = (reads: keyof Readings, variable: string, most: number): Limit => ({
  reads,
  most,
  warning: `Connections are nearly used up: ${variable}`,
  advice: `Most of the connections that ${variable} allows are at work: look for slow statements and locks there, or raise it`,
});

/** Who goes to and fro about a limit is warned about once. */
const settleMs = 60_000;

/** Warns once when a limit is passed, and says once that this is over. */
export class LimitWatch {
  readonly #limits: readonly Limit[];
  readonly #log: Log;
  readonly #now: () => number;
  /** When each that was passed was above its limit last. */
  readonly #aboveAt = new Map<Limit, number>();

  /** `now`: milliseconds that never go back. */
  constructor(limits: readonly Limit[], log: Log, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#log = log;
    this.#now = now;
  }

  look(readings: Readings): void {
    const now = this.#now();
    for (const limit of this.#limits) {
      const { reads, most, warning } = limit;
      const details = { [reads]: rounded(readings[reads]), limit: most };
      const aboveAt = this.#aboveAt.get(limit);
      if (readings[reads] > most) {
        if (aboveAt === undefined) this.#log('WARNING', warning, details);
        this.#aboveAt.set(limit, now);
      } else if (aboveAt !== undefined && now - aboveAt >= settleMs) {
        this.#log('INFO', `Over: ${warning}`, details);
        this.#aboveAt.delete(limit);
      }
    }
  }

  get passed(): readonly Limit[] {
    return this.#limits.filter((limit) => this.#aboveAt.has(limit));
  }
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
