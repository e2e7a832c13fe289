import { LockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { GenerationId } from '../../../../../protocol/generation.ts';
import type { OrderedPart } from '../../write/orders.ts';
import { deleteOurs, lockAgainstWriters } from '../../write/replace.sql.ts';
import type { Bringing } from '../bringing.ts';
import { putBack } from '../rollback.sql.ts';
import { contentOf, insertWhole, keepFormer } from './whole.sql.ts';

const nothing = async (): Promise<void> => {};

/**
 * The share of a target without a key: its rows can't be told apart, so all of ours are replaced by others. After the parents' rows are
 * there and before they leave.
 */
const replacing = (replace: () => Promise<void>): OrderedPart => ({
  update: nothing,
  insert: replace,
  bareInsert: replace,
  leave: nothing,
  giveUp: nothing,
  letGo: nothing,
});

/** Bringing it in. */
export class WholePromotion {
  readonly #work: Bringing;

  constructor(work: Bringing) {
    this.#work = work;
  }

  async keepInverse(): Promise<void> {
    const { model, kept, journal } = this.#work.member;
    await this.#work.run(lockAgainstWriters(model));
    if (journal.invertible) await this.#work.run(keepFormer(model, kept));
  }

  get ordered(): OrderedPart {
    const { model, kept } = this.#work.member;
    return replacing(async () => {
      this.#work.add('left', await this.#work.run(deleteOurs(model)));
      this.#work.add('inserted', await this.#work.run(insertWhole(model, kept)));
    });
  }

  /** As it came out, with what triggers of the target made of it. */
  async settle(): Promise<void> {
    const { model, journal } = this.#work.member;
    if (journal.invertible) this.#work.content = await this.#work.text(contentOf(model));
  }
}

/** Taking it back. */
export class WholeTakingBack {
  readonly #work: Bringing;
  /** Somebody has changed it, and it stays as it is. */
  #stays = false;

  constructor(work: Bringing) {
    this.#work = work;
  }

  async settleChanged(id: GenerationId, changed: 'refuse' | 'keep'): Promise<void> {
    const { model, journal } = this.#work.member;
    await this.#work.run(lockAgainstWriters(model));
    if ((await this.#work.text(contentOf(model))) === journal.content) return;
    this.#stays = changed === 'keep';
    if (!this.#stays)
      throw new LockstepError('generation-overtaken', {
        generation: id,
        collection: model.collection,
        rows: 'some',
      });
  }

  get ordered(): OrderedPart {
    const { model, kept } = this.#work.member;
    return replacing(async () => {
      if (this.#stays) return;
      this.#work.add('left', await this.#work.run(deleteOurs(model)));
      this.#work.add('inserted', await this.#work.run(putBack(model, kept)));
    });
  }
}
