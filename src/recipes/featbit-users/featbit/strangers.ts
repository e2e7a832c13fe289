import type { BitsaccoUser } from '../mapping/bitsacco-user.ts';
import { emailOf } from '../mapping/identity.ts';
import { type FoundStrangers, findStrangers, type LookRequest, noStrangers } from './find-strangers.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** What a user of Bitsacco becomes: each is made, or left out, by itself. */
export type MadeAs = 'member' | 'end user';

/** A user of Bitsacco that something in FeatBit stands in the way of that is not ours. */
export interface Clash {
  readonly user: string;
  readonly with: 'e-mail' | 'id' | 'end user';
}

/**
 * What of FeatBit's is not ours and has what a user of Bitsacco would have there: it is left alone, and the user left out. Held are clashes, and
 * e-mails under our domain that somebody made by hand; not what else FeatBit has, which may be many times as much.
 */
export class Strangers {
  readonly #tell: (clash: Clash) => void;
  readonly #told: Readonly<Record<MadeAs, Set<string>>> = { member: new Set(), 'end user': new Set() };
  #found: FoundStrangers = noStrangers;

  /** `tell` hears of each clash once. */
  constructor(tell: (clash: Clash) => void) {
    this.#tell = tell;
  }

  /** Who stands in the way of an end user does not stand in that of the member. */
  standInTheWayOf(user: BitsaccoUser, as: MadeAs): boolean {
    const kind = this.#clashOf(user, as);
    const told = this.#told[as];
    if (kind === null) told.delete(user.id);
    else if (!told.has(user.id)) {
      told.add(user.id);
      this.#tell({ user: user.id, with: kind });
    }
    return kind !== null;
  }

  /** True: what was found differs from what was known. */
  async look(request: LookRequest, options: SignalOption): Promise<boolean> {
    const [before, found] = [this.#found, await findStrangers(request, options)];
    this.#found = found;
    return kinds.some((kind) => before[kind].symmetricDifference(found[kind]).size > 0);
  }

  #clashOf(user: BitsaccoUser, as: MadeAs): Clash['with'] | null {
    const { emails, members, endUsers } = this.#found;
    if (as === 'end user') return endUsers.has(user.id) ? 'end user' : null;
    if (emails.has(emailOf(user))) return 'e-mail';
    return members.has(user.id) ? 'id' : null;
  }
}

const kinds = ['emails', 'members', 'endUsers'] as const satisfies readonly (keyof FoundStrangers)[];
