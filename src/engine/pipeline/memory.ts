import { z } from 'zod';
import type { ControlStore } from '../../protocol/control-store.ts';
import { isErrorCode } from '../../protocol/errors/catalogue.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { PipelineName } from '../../protocol/names.ts';
import type { Json } from '../../protocol/value.ts';
import type { WalkContext } from '../walk/context.ts';
import { driftKinds } from './drift/shape-difference.ts';

const phaseSchema = z.strictObject({
  /** `copying`: the first copy is under way, and the stream will begin at `from`; `streaming`: the destination's position counts. */
  phase: z.enum(['copying', 'streaming']),
  from: z.record(z.string(), z.string()),
  /** Which history the positions belong to, and which state at the destination. */
  sourceId: z.string(),
  stateId: z.string(),
});
const walkingSchema = z.strictObject({
  reason: z.string(),
  /** It is filled for the first time, rather than mended. */
  fills: z.boolean(),
  sinceMs: z.number(),
});
const stoppedSchema = z.strictObject({
  code: z.string().refine(isErrorCode, 'no code of the catalogue'),
  message: z.string(),
  nextStep: z.string(),
  sinceMs: z.number(),
});

const ignoredSchema = z.record(z.string(), z.enum(driftKinds));

const comparisonSchema = z.strictObject({
  /** Since when comparisons could have been made. */
  watchedSinceMs: z.number(),
  /** When the last comparison of everything began: what differed then was mended. Null: there was none. */
  provenAtMs: z.number().nullable(),
  last: z.strictObject({ startedAtMs: z.number(), endedAtMs: z.number(), drifted: z.number() }).nullable(),
});

export type LivePhase = Readonly<z.infer<typeof phaseSchema>>;
export type Walking = Readonly<z.infer<typeof walkingSchema>>;
export type Stopped = Readonly<z.infer<typeof stoppedSchema>>;
/** By source column. */
export type Ignored = Readonly<z.infer<typeof ignoredSchema>>;
export type ComparisonMemory = Readonly<z.infer<typeof comparisonSchema>>;

const space = 'live';
const walks = 'live/walks';
const stopped = 'live/stopped';
const fingerprints = 'live/fingerprints';
const ignored = 'live/ignored';

/** A pipeline whose position was taken back with its rows copies anew, as one that never streamed. */
export const forgetPhase = ({ store, pipeline, fence }: WalkContext): Promise<void> =>
  store.checkpoints.save({ pipeline, fence }, [{ space, name: 'phase', value: undefined }]);

/** For those who only look: collections of a live pipeline that have stopped. */
export async function stoppedCollections(
  store: ControlStore,
  pipeline: PipelineName,
): Promise<ReadonlyMap<string, Stopped>> {
  const entries = await store.checkpoints.list(pipeline, stopped);
  return new Map(
    entries.map(({ name, value }) => [name, parsed(stoppedSchema, value, `${stopped}/${name}`)]),
  );
}

/** For those who only look: collections that a live pipeline has brought in step once; none before its first copy is done. */
export async function followedCollections(
  store: ControlStore,
  pipeline: PipelineName,
): Promise<ReadonlySet<string>> {
  const phase = await store.checkpoints.get(pipeline, space, 'phase');
  if (phase === undefined || parsed(phaseSchema, phase, `${space}/phase`).phase !== 'streaming')
    return new Set();
  const entries = await store.checkpoints.list(pipeline, fingerprints);
  return new Set(entries.map(({ name }) => name));
}

/** What a live pipeline keeps in the control store between processes; the position itself is kept by the destination. */
export class LiveMemory {
  readonly #context: WalkContext;

  constructor(context: WalkContext) {
    this.#context = context;
  }

  async phase(): Promise<LivePhase | null> {
    return (await this.#get(phaseSchema, space, 'phase')) ?? null;
  }

  setPhase(phase: LivePhase): Promise<void> {
    return this.#save(space, 'phase', { ...phase });
  }

  /** The words that may be found at the source: the newest, and one that was about to be kept there. */
  async words(): Promise<readonly string[]> {
    return (await this.#get(z.array(z.string()), space, 'words')) ?? [];
  }

  setWords(words: readonly string[]): Promise<void> {
    return this.#save(space, 'words', words);
  }

  async walks(): Promise<ReadonlyMap<string, Walking>> {
    return this.#all(walkingSchema, walks);
  }

  /** Durable before the position passes what made the walk necessary. */
  async setWalk(collection: string, walking: Walking | undefined): Promise<void> {
    if (walking === undefined) {
      reach('walk.forget.before');
      await this.#save(walks, collection, undefined);
      reach('walk.forget.after');
    } else {
      reach('walk.note.before');
      await this.#save(walks, collection, { ...walking });
      reach('walk.note.after');
    }
  }

  async stopped(): Promise<ReadonlyMap<string, Stopped>> {
    return stoppedCollections(this.#context.store, this.#context.pipeline);
  }

  async setStopped(collection: string, state: Stopped | undefined): Promise<void> {
    reach('collection.stop.before');
    await this.#save(stopped, collection, state === undefined ? undefined : { ...state });
    reach('collection.stop.after');
  }

  async fingerprints(): Promise<ReadonlyMap<string, string>> {
    return this.#all(z.string(), fingerprints);
  }

  setFingerprint(collection: string, fingerprint: string | undefined): Promise<void> {
    return this.#save(fingerprints, collection, fingerprint);
  }

  /** Changes of the source's shape that were left alone, by collection. */
  async ignored(): Promise<ReadonlyMap<string, Ignored>> {
    return this.#all(ignoredSchema, ignored);
  }

  setIgnored(collection: string, columns: Ignored | undefined): Promise<void> {
    return this.#save(ignored, collection, columns);
  }

  async comparison(): Promise<ComparisonMemory | null> {
    return (await this.#get(comparisonSchema, space, 'comparison')) ?? null;
  }

  setComparison(comparison: ComparisonMemory): Promise<void> {
    return this.#save(space, 'comparison', { ...comparison });
  }

  /** For `status` of other processes; lost without harm. */
  setStatus(status: Json): Promise<void> {
    return this.#save(space, 'status', status);
  }

  async #get<T>(schema: z.ZodType<T>, from: string, name: string): Promise<T | undefined> {
    const { store, pipeline } = this.#context;
    const value = await store.checkpoints.get(pipeline, from, name);
    return value === undefined ? undefined : parsed(schema, value, `${from}/${name}`);
  }

  async #all<T>(schema: z.ZodType<T>, from: string): Promise<ReadonlyMap<string, T>> {
    const { store, pipeline } = this.#context;
    const entries = await store.checkpoints.list(pipeline, from);
    return new Map(entries.map(({ name, value }) => [name, parsed(schema, value, `${from}/${name}`)]));
  }

  async #save(into: string, name: string, value: Json | undefined): Promise<void> {
    const { store, pipeline, fence } = this.#context;
    await store.checkpoints.save({ pipeline, fence }, [{ space: into, name, value }]);
  }
}

/** What is remembered decides what has to be walked: guessing at it could lose a walk. */
function parsed<T>(schema: z.ZodType<T>, value: unknown, entry: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const detail = `not what this version writes: ${z.prettifyError(result.error)}`;
  throw new LockstepError('store-unusable', { path: `entry ${entry}`, detail });
}
