/** One mention of another module in a source file. */
export interface ImportMention {
  /** null: computed at run time. */
  readonly specifier: string | null;
  readonly kind: 'import' | 'export' | 'dynamic';
  /** Nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
}

const from = /\b(import|export)\b\s*([^;'"()]*?)\s*\bfrom\s*(['"])([^'"\n]+)\3/g;
const bare = /\bimport\s*(['"])([^'"\n]+)\1/g;
const call = /\b(?:import|require)\s*\(\s*(?:(['"])([^'"\n]+)\1)?/g;

/** Finds static and dynamic imports, type imports, `import('x').T` in types, and re-exports. */
export function scanImports(source: string): ImportMention[] {
  const code = withoutComments(source);
  const mentions: ImportMention[] = [];
  for (const [, keyword, clause = '', , specifier = ''] of code.matchAll(from)) {
    mentions.push({
      specifier,
      kind: keyword === 'import' ? 'import' : 'export',
      typeOnly: isTypeOnly(clause),
    });
  }
  for (const [, , specifier = ''] of code.matchAll(bare))
    mentions.push({ specifier, kind: 'import', typeOnly: false });
  for (const match of code.matchAll(call)) {
    if (isTypeQuery(code, match.index))
      mentions.push({ specifier: match[2] ?? null, kind: 'import', typeOnly: true });
    else if (!isProperty(code, match.index))
      mentions.push({ specifier: match[2] ?? null, kind: 'dynamic', typeOnly: false });
  }
  return mentions;
}

/** Whether a file does nothing but pass on what other modules export. */
export function isBarrel(source: string): boolean {
  const code = withoutComments(source);
  const rest = code
    .replaceAll(from, (all, keyword: string) => (keyword === 'export' ? '' : all))
    .replaceAll(/[;\s]/g, '');
  return rest === '' && /\bfrom\b/.test(code);
}

function isTypeOnly(clause: string): boolean {
  if (/^type\b(?!\s*,|\s*$)/.test(clause)) return true;
  const names = /^\{([^}]*)\}$/.exec(clause.trim())?.[1];
  if (names === undefined) return false;
  const each = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return each.length > 0 && each.every((name) => /^type\s/.test(name));
}

// `typeof import('x')`, `: import('x').T`, `<import('x').T>`: no call, as no value comes before or is awaited.
function isTypeQuery(code: string, index: number): boolean {
  const after = code.slice(index);
  return (
    /(?:\btypeof|[:<|&]|=>?)\s*$/.test(code.slice(0, index)) &&
    /^import\s*\(\s*(['"])[^'"]+\1\s*\)\s*\.\s*[A-Z]/.test(after)
  );
}

function isProperty(code: string, index: number): boolean {
  return /[.\w$]\s*$/.test(code.slice(Math.max(0, index - 2), index)) && code[index - 1] === '.';
}

const beforeRegex = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|of|in))\s*$/;

/** The source with comments, regular expressions and the text of templates blanked out; strings stay. */
export function withoutComments(source: string): string {
  let code = '';
  for (let at = 0; at < source.length; ) {
    const length = lengthOfToken(source, at, code);
    const token = source.slice(at, at + length);
    code += isBlankedOut(token) ? blank(token) : token;
    at += length;
  }
  return code;
}

function lengthOfToken(source: string, at: number, before: string): number {
  const two = source.slice(at, at + 2);
  if (two === '//') return endOf(source, at, '\n') - at;
  if (two === '/*') return endOf(source, at + 2, '*/') + 2 - at;
  const one = source[at];
  if (one === '"' || one === "'") return quoted(source, at, one);
  if (one === '`') return templated(source, at);
  if (one === '/' && beforeRegex.test(before.slice(-20))) return regexLength(source, at);
  return 1;
}

function isBlankedOut(token: string): boolean {
  return token.length > 1 && (token.startsWith('/') || token.startsWith('`'));
}

function blank(token: string): string {
  const inner = token.replaceAll(/[^\n]/g, ' ');
  // What a template computes may itself import.
  const computed = [...token.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1]).join(' ');
  return token.startsWith('`') ? `\`${inner}\` ${computed.includes('import(') ? computed : ''}` : inner;
}

function endOf(source: string, at: number, mark: string): number {
  const found = source.indexOf(mark, at);
  return found === -1 ? source.length : found;
}

function quoted(source: string, at: number, quote: string): number {
  let end = at + 1;
  while (end < source.length && source[end] !== quote && source[end] !== '\n')
    end += source[end] === '\\' ? 2 : 1;
  return end + 1 - at;
}

function templated(source: string, at: number): number {
  let end = at + 1;
  while (end < source.length && source[end] !== '`') {
    if (source[end] === '\\') end += 2;
    else if (source.startsWith('${', end)) end += computedLength(source, end);
    else end += 1;
  }
  return end + 1 - at;
}

function computedLength(source: string, at: number): number {
  let depth = 0;
  let end = at + 1;
  for (; end < source.length; end += 1) {
    const one = source[end];
    if (one === '`') end += templated(source, end) - 1;
    else if (one === '"' || one === "'") end += quoted(source, end, one) - 1;
    else if (one === '{') depth += 1;
    else if (one === '}' && --depth === 0) break;
  }
  return end + 1 - at;
}

function regexLength(source: string, at: number): number {
  let inClass = false;
  let end = at + 1;
  for (; end < source.length && source[end] !== '\n'; end += 1) {
    if (source[end] === '\\') end += 1;
    else if (source[end] === '[') inClass = true;
    else if (source[end] === ']') inClass = false;
    else if (source[end] === '/' && !inClass) break;
  }
  return end + 1 - at;
}
