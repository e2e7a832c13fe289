/** The next item is asked for while one is used. */
export async function* oneAhead<Item>(items: AsyncIterable<Item>): AsyncIterable<Item> {
  const iterator = items[Symbol.asyncIterator]();
  const ask = () => {
    const asked = iterator.next();
    // Heard when it is waited for; until then nobody listens, and what nobody hears ends the process.
    asked.catch(() => undefined);
    return asked;
  };
  let next = ask();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done === true) return;
      next = ask();
      yield value;
    }
  } finally {
    // Whoever stops early does not want to know what became of it.
    await next.catch(() => undefined);
    await iterator.return?.();
  }
}
