/** Above the newest and above `atLeast`: that of a pipeline which had fences elsewhere. */
export function nextFence(newest: number, atLeast: number): number {
  const fence = Math.max(newest, atLeast) + 1;
  // Above 2^53 neighbours are equal: a fence that repeats protects nothing.
  if (!Number.isSafeInteger(fence))
    throw new RangeError('the fence is beyond the integers that can be told apart');
  return fence;
}
