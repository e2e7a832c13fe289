import { HintTrust } from '../../../../protocol/hint-trust.ts';
import type { PipelineName } from '../../../../protocol/names.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WindowWrite, WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import { applyWindow } from './apply-window.ts';
import { partsOf } from './window-part.ts';

/** Writes windows, and remembers what of our state need not be written again. */
export class WindowWriter {
  readonly #destination: Destination;
  readonly #newcomers = new HintTrust();
  /** What the destination has, as far as we know. */
  #letter: { readonly pipeline: PipelineName; readonly number: number } | null = null;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  async apply(window: WindowWrite, options: WriteOptions): Promise<readonly (readonly Outcome[])[]> {
    const { position, marks, newestLetter } = window;
    const { pipeline } = options.lease;
    const isKnown = this.#letter?.pipeline === pipeline && this.#letter.number === newestLetter;
    this.#letter = null;
    const parts = partsOf(window.parts);
    const written = {
      parts,
      position,
      marks,
      newestLetter: isKnown ? null : newestLetter,
      newcomers: this.#newcomers,
    };
    const outcomes = await applyWindow(this.#destination, written, options);
    this.#letter = { pipeline, number: newestLetter };
    return outcomes;
  }

  /** Somebody else may have written the state. */
  forget(): void {
    this.#letter = null;
  }
}
