/** What an expression of PromQL asks for: metrics, and the labels that it names for them or groups by. */
export interface Asked {
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
}

const words = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);
const grouping = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const keywords = /\b(?:by|without|on|ignoring|group_left|group_right)\b/g;
const selector = /([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?/g;

/** Enough of the grammar for what stands in `deploy`; a name before a parenthesis is a function. */
export function askedBy(expression: string): Asked {
  const labels: string[] = [];
  const metrics: string[] = [];
  for (const [, names = ''] of expression.matchAll(grouping))
    labels.push(...names.split(',').flatMap((name) => name.trim() || []));
  const rest = expression
    .replace(grouping, ' ')
    .replace(keywords, ' ')
    .replace(/\[[^\]]*\]/g, ' ');
  for (const match of rest.matchAll(selector)) {
    const [whole, name = '', matchers] = match;
    const after = rest.slice((match.index ?? 0) + whole.length).trimStart();
    const before = rest[(match.index ?? 0) - 1] ?? ' ';
    if (words.has(name.toLowerCase()) || /\d/.test(before)) continue;
    if (matchers === undefined && after.startsWith('(')) continue;
    metrics.push(name);
    labels.push(...[...(matchers ?? '').matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label));
  }
  return { metrics, labels };
}
