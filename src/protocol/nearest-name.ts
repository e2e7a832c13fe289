/** The known name that a misspelt one most likely means; null when none is near. `limit`: letters that may be wrong. */
export function nearestName(
  name: string,
  known: Iterable<string>,
  limit: number = Math.max(2, Math.floor(name.length / 3)),
): string | null {
  let best: { readonly name: string; readonly distance: number } | null = null;
  for (const candidate of known) {
    const distance = distanceTo(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && (best === null || distance < best.distance))
      best = { name: candidate, distance };
  }
  return best === null ? null : best.name;
}

/** `; did you mean …?` for messages, or nothing. */
export function nearestHint(name: string, known: Iterable<string>, limit?: number): string {
  const nearest = nearestName(name, known, limit);
  return nearest === null ? '' : `; did you mean ${nearest}?`;
}

/** A name without its schema is near `schema.name` too. */
function distanceTo(name: string, candidate: string): number {
  const whole = editDistance(name, candidate);
  if (name.includes('.')) return whole;
  return Math.min(whole, editDistance(name, candidate.slice(candidate.lastIndexOf('.') + 1)));
}

/** Levenshtein's distance, with one row of memory. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
