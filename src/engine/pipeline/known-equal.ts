import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Target } from '../../protocol/writer.ts';
import type { Knowledge } from '../walk/compare-proven.ts';
import type { WalkContext } from '../walk/context.ts';
import { agreeOnGroups, type GroupAgreement } from '../walk/group-agreement.ts';
import { ProvenGroups } from '../walk/proven-groups.ts';

interface Known {
  /** Null: the servers can't cut both sides into the same groups, so nothing can be known. */
  readonly agreement: GroupAgreement | null;
  proven: ProvenGroups;
}

/** What the walks of a live pipeline have seen to be equal, by collection: as long as its plans, and their functions, are the same. */
export class KnownEqual {
  readonly #known = new Map<string, Known>();

  /** Null: it is compared without. */
  async of(context: WalkContext, plan: CollectionPlan, target: Target): Promise<Knowledge | null> {
    if (plan.map === null) return null;
    let known = this.#known.get(plan.name);
    if (known === undefined) {
      const agreement = await agreeOnGroups(context, plan, target);
      known = { agreement, proven: nothing(context, plan.sourceShape.estimatedRows) };
      this.#known.set(plan.name, known);
    }
    return known.agreement === null ? null : { agreement: known.agreement, proven: known.proven };
  }

  /** So many rows were compared: what is too old, or made for far fewer, is begun anew. */
  compared(context: WalkContext, collection: string, rows: number): void {
    const known = this.#known.get(collection);
    if (known?.proven.isOutdated({ rows, nowMs: context.clock.now() })) known.proven = nothing(context, rows);
  }

  /** Something has happened to it, or somebody asks: all of it is read. */
  forget(collections: readonly string[]): void {
    for (const collection of collections) this.#known.delete(collection);
  }
}

const nothing = ({ clock }: WalkContext, estimatedRows: number): ProvenGroups =>
  new ProvenGroups({ estimatedRows, nowMs: clock.now() });
