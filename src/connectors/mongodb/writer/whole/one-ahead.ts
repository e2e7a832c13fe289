/** The next item is asked for while one is used. */
export async function* oneAhead<Item>(items: AsyncIterable<Item>): AsyncIterable<Item> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done === true) return;
      next = iterator.next();
      yield value;
    }
  } finally {
    // Whoever stops early does not want to know what became of it.
    await next.catch(() => undefined);
    await iterator.return?.();
  }
}
