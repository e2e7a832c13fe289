import type { Step } from './in-some-order.ts';

/** What one target needs, each step on its own. Targets come parents first. */
export interface OrderedPart {
  readonly update: Step;
  readonly insert: Step;
  /** With references to the other targets left empty, which the update fills. */
  readonly bareInsert: Step;
  readonly leave: Step;
  /** Rows let go of unique values that others of the same change want. */
  readonly giveUp: Step;
  /** Rows let go of what they refer to: a unique value that is referred to can't move. */
  readonly letGo: Step;
  /** Absent: no key changed. */
  readonly rekey?: RekeySteps;
}

export interface RekeySteps {
  /** Rows whose keys changed get their new ones. */
  readonly move: Step;
  /** They stand under both keys until the former one leaves: where others refer to them that have to follow first. */
  readonly bringOver: Step;
}

export interface OrderFrame {
  readonly begin: Step;
  /** What is deferrable shows here, while another order can still be tried. */
  readonly end: Step;
}

/** The orders in which changes of several targets may go through that block each other in the usual one, cheapest first. */
export function ordersOf(
  parts: readonly OrderedPart[],
  { begin, end }: OrderFrame,
): readonly (readonly Step[])[] {
  const updates = parts.map(({ update }) => update);
  const inserts = parts.map(({ insert }) => insert);
  const bareInserts = parts.map(({ bareInsert }) => bareInsert);
  const giveUp = parts.map((part) => part.giveUp);
  const letGo = parts.map((part) => part.letGo);
  const leaves = parts.map(({ leave }) => leave).toReversed();
  const each = parts.flatMap(({ insert, update }) => [insert, update]);
  const rekeyed = parts.flatMap(({ rekey }) => rekey ?? []);
  const move = rekeyed.map((rekey) => rekey.move);
  const bringOver = rekeyed.map((rekey) => rekey.bringOver);
  const orders = [
    [...move, ...updates, ...inserts, ...leaves],
    [...move, ...leaves, ...updates, ...inserts],
    [...move, ...giveUp, ...each, ...leaves],
    [...move, ...giveUp, ...bareInserts, ...updates, ...leaves],
    [...move, ...leaves, ...giveUp, ...bareInserts, ...updates],
    [...letGo, ...move, ...giveUp, ...bareInserts, ...updates, ...leaves],
    [...letGo, ...move, ...leaves, ...giveUp, ...bareInserts, ...updates],
    ...(rekeyed.length > 0 ? [[...giveUp, ...bringOver, ...each, ...leaves]] : []),
  ];
  return orders.map((steps) => [begin, ...steps, end]);
}
