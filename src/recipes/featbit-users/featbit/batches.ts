const perBatch = 500;

/** A few at a time, so that not all are held. */
export async function* batches<Item>(items: AsyncIterable<Item>): AsyncIterable<readonly Item[]> {
  let some: Item[] = [];
  for await (const item of items) {
    some.push(item);
    if (some.length < perBatch) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
