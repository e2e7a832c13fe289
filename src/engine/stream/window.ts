import type { FeedChange } from '../../protocol/change.ts';
import type { Epoch, Position, Shard } from '../../protocol/names.ts';
import { MergedChanges } from './merged-changes.ts';

/** Changes that are written together. */
export class Window {
  readonly shard: Shard;
  readonly epoch: Epoch;
  /** By plan name. */
  readonly collections = new Map<string, MergedChanges>();
  /** Transactions of the source that it has changes of; empty where reads show whatever was told. */
  readonly transactions = new Set<string>();
  /** Where the shard stands once all of it is written; null: in the middle of a transaction of the source. */
  boundary: Position | null = null;
  /** It holds a piece of a source transaction and not all of it. */
  torn = false;
  changes = 0;
  /** As they were told. */
  bytes = 0;
  /** What it takes in memory: with the rows that have to be read. */
  memoryBytes = 0;
  committedAtMs: number | null = null;
  /** When its first change came, by the engine's monotonic clock. */
  readonly beganAt: number;

  constructor({
    shard,
    epoch,
    beganAt,
  }: { readonly shard: Shard; readonly epoch: Epoch; readonly beganAt: number }) {
    this.shard = shard;
    this.epoch = epoch;
    this.beganAt = beganAt;
  }

  get keys(): number {
    let keys = 0;
    for (const merged of this.collections.values()) keys += merged.size;
    return keys;
  }

  add(changes: readonly FeedChange[], bytes: number, memoryBytes: number): void {
    let name: string | null = null;
    let merged: MergedChanges | null = null;
    let transaction: string | null = null;
    for (const change of changes) {
      if (merged === null || change.collection !== name) {
        name = change.collection;
        merged = this.#of(name);
      }
      merged.add(change);
      if (change.meta.transaction !== transaction) {
        transaction = change.meta.transaction;
        if (transaction !== null) this.transactions.add(transaction);
      }
    }
    this.changes += changes.length;
    this.bytes += bytes;
    this.memoryBytes += memoryBytes;
  }

  /** All of another window's, which came later and ends where this one ends then. */
  append(later: Window): void {
    for (const [name, merged] of later.collections) this.#of(name).addAll(merged);
    for (const transaction of later.transactions) this.transactions.add(transaction);
    this.changes += later.changes;
    this.bytes += later.bytes;
    this.memoryBytes += later.memoryBytes;
    this.torn ||= later.torn;
    this.boundary = later.boundary;
    this.committedAtMs = later.committedAtMs ?? this.committedAtMs;
  }

  #of(name: string): MergedChanges {
    const known = this.collections.get(name);
    if (known !== undefined) return known;
    const made = new MergedChanges();
    this.collections.set(name, made);
    return made;
  }
}
