const firstChanges = 1_000;

/**
 * How long a session goes on with its plans. They are made once, and a table that was tiny then is read as a whole for each row: nothing
 * but its statistics, which nobody may gather for a minute or ever, would tell the server that it has grown. So each time that twice as
 * many changes have gone through, plans are made anew, by the size that tables have: some twenty times for a thousand million changes.
 */
export class PlanAge {
  #passed = 0;
  #limit = firstChanges;

  /** So many changes come next. True: with new plans. */
  isDue(changes: number): boolean {
    const isDue = this.#passed >= this.#limit;
    if (isDue) this.#limit = this.#passed * 2;
    this.#passed += changes;
    return isDue;
  }
}
