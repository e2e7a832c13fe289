import { formatLsn, type Lsn, lsnOf } from '../lsn.ts';
import { type LogPosition, partsOfSource } from '../position.ts';
import type { SlotState } from '../slot/slot-state.ts';

export interface ResumeFacts {
  /** Null: from where the slot stands. */
  readonly resume: LogPosition | null;
  /** The identity of the server that we talk to. */
  readonly source: string;
  readonly state: SlotState;
  /** Of the server's timeline; empty on its first one. */
  readonly history: readonly TimelineSwitch[];
}

/** Where a timeline was left. */
export interface TimelineSwitch {
  readonly timeline: number;
  readonly end: Lsn;
}

/**
 * - `follow`: nothing is missing
 * - `skip`: history is missing or is not ours; go on from the slot's place or from now
 * - `remake`: the slot can't be read any more; make another, and go on from it
 */
export type Verdict =
  | { readonly kind: 'follow'; readonly start: Lsn }
  | { readonly kind: 'skip'; readonly start: Lsn; readonly reason: string }
  | { readonly kind: 'remake'; readonly reason: string };

/**
 * PostgreSQL itself skips silently when it is asked for a place that is behind what the slot has confirmed, or ahead of its log.
 *
 * | slot                     | resume                           | verdict               |
 * |--------------------------|----------------------------------|-----------------------|
 * | missing or invalid       | any                              | remake                |
 * | ahead of the log         | any                              | remake                |
 * | usable                   | none                             | follow, from the slot |
 * | usable                   | of another server or history     | skip, to now          |
 * | usable                   | ahead of the log                 | skip, to now          |
 * | usable                   | behind what the slot confirmed   | skip, to the slot     |
 * | usable                   | anything else                    | follow                |
 */
export function judgeResume({ resume, source, state, history }: ResumeFacts): Verdict {
  const { slot, insert, flush } = state;
  if (slot === null) return { kind: 'remake', reason: 'the slot is gone' };
  if (slot.invalid !== null) return { kind: 'remake', reason: `the slot was invalidated: ${slot.invalid}` };
  if (slot.confirmed > insert)
    return {
      kind: 'remake',
      reason: 'the slot is ahead of the log: the server was restored from an older copy',
    };
  if (resume === null) return { kind: 'follow', start: slot.confirmed };
  const other = otherHistory(resume, source, history);
  if (other !== null) return { kind: 'skip', start: flush, reason: other };
  if (resume.lsn > insert) {
    const reason = `the log ends at ${formatLsn(insert)}: the server was restored from an older copy`;
    return { kind: 'skip', start: flush, reason };
  }
  if (resume.lsn < slot.confirmed) {
    const reason = `the slot was moved on to ${formatLsn(slot.confirmed)} by somebody else or made anew`;
    return { kind: 'skip', start: slot.confirmed, reason };
  }
  return { kind: 'follow', start: resume.lsn };
}

/** A new timeline is none of another history if it branches off at or behind our place. */
function otherHistory(
  resume: LogPosition,
  source: string,
  history: readonly TimelineSwitch[],
): string | null {
  if (resume.source === source) return null;
  const then = partsOfSource(resume.source);
  const now = partsOfSource(source);
  if (then.system !== now.system || then.database !== now.database)
    return 'it is another server or another database';
  if (then.timeline === null || now.timeline === null || then.timeline === now.timeline) return null;
  const end = history.find(({ timeline }) => timeline === then.timeline)?.end;
  if (end === undefined) return `the server’s history lacks the timeline ${then.timeline}`;
  if (end >= resume.lsn) return null;
  return `the timeline ${then.timeline} was left at ${formatLsn(end)}, before our place`;
}

/** A history file: `1\t0/3000158\tno recovery target specified` and so on, oldest first. */
export function readHistory(text: string): TimelineSwitch[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\d+)\t([0-9A-F]+\/[0-9A-F]+)/i.exec(line);
    return match === null ? [] : [{ timeline: Number(match[1]), end: lsnOf(match[2] ?? '') }];
  });
}
