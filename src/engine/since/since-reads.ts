import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Cursor } from '../../protocol/names.ts';
import type { CursorMark } from '../../protocol/since.ts';
import { isStreamWriter, type Target } from '../../protocol/writer.ts';
import { attach } from '../walk/attach.ts';
import { leaseOf, type WalkContext } from '../walk/context.ts';
import type { LeavingGuard } from '../walk/guard.ts';
import type { Member } from '../walk/member.ts';
import type { PassResult } from '../walk/pass.ts';
import { retrying } from '../walk/retrying.ts';
import { bringChanges } from './bring-changes.ts';
import { type Comparing, chooseExtent, disagreement, type Extent, type Parties } from './choose-extent.ts';
import { type CursorRecord, cursorEntry, forgetCursors, readCursors } from './cursor-record.ts';
import { savedShard } from './saved-shard.ts';
import { takeMarks } from './take-marks.ts';

/** One collection of an incremental pass. */
interface Course {
  readonly plan: CollectionPlan;
  readonly extent: Extent;
  readonly mark: CursorMark;
  /** When it was compared last, if it was. */
  readonly comparedAtMs: number;
  /** The last one that was saved: what is newer is read again if the pass has to begin anew. */
  from: Cursor;
}

/**
 * What a pass of an incremental pipeline reads: of collections whose cursor is good what changed since, of all others everything. Marks are
 * taken before the pass opens its moment, so that nothing lies between. A cursor is saved only once what it covers is durable at the
 * destination, and what does not count any more is forgotten before anything is done about it: a pass that dies is found to be one.
 */
export class SinceReads {
  readonly #context: WalkContext;
  readonly #courses: ReadonlyMap<string, Course>;
  readonly #parties: Omit<Parties, 'saved'>;
  readonly #startedAtMs: number;
  #saved: number;

  private constructor(
    context: WalkContext,
    { courses, parties }: { readonly courses: readonly Course[]; readonly parties: Parties },
  ) {
    this.#context = context;
    this.#courses = new Map(courses.map((course) => [course.plan.name, course]));
    this.#parties = { sourceId: parties.sourceId, stateId: parties.stateId };
    this.#saved = parties.saved;
    this.#startedAtMs = context.clock.now();
  }

  static async open(
    context: WalkContext,
    plans: readonly CollectionPlan[],
    comparing: Omit<Comparing, 'nowMs'>,
  ): Promise<SinceReads> {
    const parties = await partiesOf(context);
    const records = await readCursors(context.store, context.pipeline);
    const nowMs = context.clock.now();
    const known = plans.map((plan) => {
      const record = records.get(plan.name);
      return {
        plan,
        record,
        disagreement: record === undefined ? null : disagreement(plan, record, parties),
      };
    });
    const marks = await takeMarks(context, known);
    const courses = known.map(({ plan, record, disagreement }, index): Course => {
      const mark = marks[index];
      if (mark === undefined) throw new LockstepError('internal', { detail: `no mark of ${plan.source}` });
      const extent = chooseExtent({ record, disagreement, mark, comparing: { ...comparing, nowMs } });
      return {
        plan,
        extent,
        mark,
        comparedAtMs: record?.comparedAtMs ?? 0,
        from: record?.cursor ?? mark.next,
      };
    });
    const reads = new SinceReads(context, { courses, parties });
    await reads.#tellGaps();
    // What is left of collections that the pipeline has no more would look as if nobody compared them.
    const gone = [...records.keys()].filter((name) => !plans.some((plan) => plan.name === name));
    if (gone.length > 0) await forgetCursors(context, gone);
    return reads;
  }

  /** What is read of each collection, by its name. */
  get extents(): ReadonlyMap<string, Extent> {
    return new Map([...this.#courses].map(([name, { extent }]) => [name, extent]));
  }

  /** A target that was found empty has lost what the cursor covers, unless the source is empty too: it is filled like a new one. */
  async goesOn({ plan, startedEmpty }: Target): Promise<boolean> {
    if (this.#courses.get(plan.name)?.extent.reads !== 'since') return false;
    if (startedEmpty) await forgetCursors(this.#context, [plan.name]);
    return !startedEmpty;
  }

  /** What changed since the cursor, into the target. */
  async bring(member: Member, guard: LeavingGuard): Promise<void> {
    const course = this.#courseOf(member);
    await bringChanges(member, {
      guard,
      from: () => course.from,
      next: course.mark.next,
      reached: async (cursor) => {
        // What is still to leave or to be tried again is only remembered by this pass.
        if (member.leaving.count + member.deferred.spool.count > 0) return;
        course.from = cursor;
        await this.#save(course);
      },
    });
  }

  /** Once a pass has ended: what it brought in whole is covered now, dead letters and held leavings included. */
  async finish({ collections }: PassResult): Promise<void> {
    for (const { name, error } of collections) {
      const course = this.#courses.get(name);
      if (error !== null || course === undefined) continue;
      course.from = course.mark.next;
      await this.#save(course);
    }
  }

  #courseOf({ plan }: Member): Course {
    const course = this.#courses.get(plan.name);
    if (course === undefined) throw new LockstepError('internal', { detail: `no cursor of ${plan.name}` });
    return course;
  }

  /** Durable before anything else is done: who looked again after a while might not see it any more. */
  async #tellGaps(): Promise<void> {
    const { events, pipeline } = this.#context;
    const gaps = [...this.#courses.values()].flatMap(({ plan, extent }) =>
      extent.reads === 'all' && extent.why === 'gap' ? [{ name: plan.name, reason: extent.reason }] : [],
    );
    if (gaps.length === 0) return;
    await forgetCursors(
      this.#context,
      gaps.map(({ name }) => name),
    );
    for (const [reason, those] of Map.groupBy(gaps, (gap) => gap.reason)) {
      const gap = { shard: savedShard, from: null, to: null, reason };
      events.emit('gap', { pipeline, gap, collections: those.map(({ name }) => name) });
    }
  }

  /** The destination first: one that was restored from an older copy then knows of fewer than the store. */
  async #save({ plan, extent, mark, comparedAtMs, from }: Course): Promise<void> {
    const { store, pipeline, fence, writer, signal, clock } = this.#context;
    if (!isStreamWriter(writer)) throw new LockstepError('internal', { detail: 'nothing can note a cursor' });
    reach('cursor.save.before');
    const saved = this.#saved + 1;
    const position = { shard: savedShard, lane: 0, at: String(saved) };
    const newestLetter = await store.deadLetters.newest(pipeline);
    await retrying(this.#context, { what: 'note the cursor', signal }, () =>
      writer.applyWindow(
        { parts: [], position, marks: new Map(), newestLetter },
        { lease: leaseOf(this.#context), signal },
      ),
    );
    this.#saved = saved;
    reach('cursor.save.between');
    const record: CursorRecord = {
      cursor: from,
      at: mark.at,
      waitsFor: mark.waitsFor,
      savedAtMs: clock.now(),
      comparedAtMs: extent.reads === 'all' ? this.#startedAtMs : comparedAtMs,
      fingerprint: plan.fingerprint,
      ...this.#parties,
      saved,
    };
    await store.checkpoints.save({ pipeline, fence }, [cursorEntry(plan.name, record)]);
    reach('cursor.save.after');
  }
}

async function partiesOf(context: WalkContext): Promise<Parties> {
  const { reader, signal } = context;
  const state = await attach(context);
  const source = await retrying(context, { what: 'identify', signal }, () => reader.identity({ signal }));
  const saved = Number(state.positions.get(savedShard) ?? 0);
  return { sourceId: source.id, stateId: state.stateId, saved };
}
