/**
 * Which of these transactions a snapshot does not see as finished. The snapshot as pg_snapshot shows it, `xmin:xmax:xip,…`, in 64 bits; the
 * transactions as pgoutput tells them, in 32: the one meant is the one nearest to the snapshot's xmax.
 */
export function unfinished(snapshot: string, transactions: readonly string[]): readonly string[] {
  const [xmin = '0', xmax = '0', running = ''] = snapshot.split(':');
  const inProgress = new Set(running.split(',').filter((id) => id !== ''));
  const [low, high] = [BigInt(xmin), BigInt(xmax)];
  return transactions.filter((transaction) => {
    const full = nearest(BigInt(transaction), high);
    return full >= low && (full >= high || inProgress.has(String(full)));
  });
}

const epoch = 1n << 32n;

function nearest(id: bigint, to: bigint): bigint {
  const same = (to / epoch) * epoch + (id % epoch);
  if (same - to > epoch / 2n && same >= epoch) return same - epoch;
  return to - same > epoch / 2n ? same + epoch : same;
}
