import { type AlertStates, type EvaluateOptions, evaluate } from '../../engine/alerts/evaluate.ts';
import type { AlertFacts } from '../../engine/alerts/facts.ts';
import type { AlertMessage } from '../../protocol/alerts.ts';
import type { ControlStore } from '../../protocol/control-store.ts';
import type { EventSink } from '../../protocol/events.ts';
import { AlertLease } from './alert-lease.ts';
import { readOutbox, readStates, stateEntries } from './alert-memory.ts';
import { Outbox } from './outbox.ts';
import type { Pending, TargetWorker } from './target-worker.ts';

export interface PipelineAlertsParts {
  readonly pipeline: string;
  readonly store: ControlStore;
  readonly events: EventSink;
  readonly options: EvaluateOptions;
  readonly lookEveryMs: number;
  readonly words: (text: string) => string;
  /** The targets of this pipeline. */
  readonly workers: readonly TargetWorker[];
}

/**
 * The alerts of one pipeline: what changed and what waits to be told are saved in one step, and only then told. So a process that dies
 * repeats nothing that it told and forgets nothing that it decided; at worst a target gets a message twice, with the same id.
 */
export class PipelineAlerts implements AsyncDisposable {
  readonly #parts: PipelineAlertsParts;
  readonly #lease: AlertLease;
  #states: AlertStates = new Map();
  #outboxes: ReadonlyMap<TargetWorker, Outbox> = new Map();

  constructor(parts: PipelineAlertsParts) {
    this.#parts = parts;
    this.#lease = new AlertLease(parts.store, parts.pipeline, parts.lookEveryMs);
  }

  /** Another engine has the pipeline: its alerts are told there. */
  async leaveToOther(): Promise<void> {
    this.#drop();
    await this.#lease.release();
  }

  async look(facts: AlertFacts): Promise<void> {
    const held = await this.#lease.hold();
    if (held === null) {
      this.#drop();
      return;
    }
    if (held.isNew) await this.#read();
    const { states, changed, ...found } = evaluate(this.#states, facts, this.#parts.options);
    if (changed.length === 0) return;
    const told = found.told.map((message) => this.#worded(message));
    const added = [...this.#outboxes.values()].flatMap((outbox) => outbox.add(told));
    try {
      await this.#parts.store.checkpoints.save(held.by, [...stateEntries(states, changed), ...added]);
    } catch (thrown) {
      // Whether it was saved is not known: what the store says is true.
      await this.leaveToOther();
      throw thrown;
    }
    this.#states = states;
    if (added.length > 0) this.#hand();
    for (const message of told) this.#tell(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lease.release();
  }

  async #read(): Promise<void> {
    const { store, pipeline, workers } = this.#parts;
    this.#states = await readStates(store, pipeline);
    const read = workers.map(
      async (worker) =>
        [worker, new Outbox(worker.name, await readOutbox(store, pipeline, worker.name))] as const,
    );
    this.#outboxes = new Map(await Promise.all(read));
    this.#hand();
  }

  #hand(): void {
    for (const [worker, outbox] of this.#outboxes)
      worker.set(
        this.#parts.pipeline,
        outbox.waiting.map(
          (waiting): Pending => ({ ...waiting, forget: () => this.#forget(outbox, waiting.number) }),
        ),
      );
  }

  /** Without the lease the message is its owner's to deliver. */
  async #forget(outbox: Outbox, number: number): Promise<void> {
    const { by } = this.#lease;
    const entry = outbox.remove(number);
    if (by !== null) await this.#parts.store.checkpoints.save(by, [entry]);
  }

  #drop(): void {
    this.#states = new Map();
    this.#outboxes = new Map();
    for (const worker of this.#parts.workers) worker.set(this.#parts.pipeline, []);
  }

  #worded(message: AlertMessage): AlertMessage {
    const { words } = this.#parts;
    return { ...message, text: words(message.text), nextStep: words(message.nextStep) };
  }

  #tell({ pipeline, alert, state, severity, text, nextStep }: AlertMessage): void {
    if (alert === 'test' || state === 'test') return;
    this.#parts.events.emit('alert', { pipeline, alert, state, severity, text, nextStep });
  }
}
