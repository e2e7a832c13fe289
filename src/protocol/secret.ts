import { inspect } from 'node:util';

/**
 * A text that must not be seen. It prints as `[secret]` wherever it may be printed; `reveal` is the one way out and is
 * called where the text is handed to a driver.
 */
export class SecretText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
