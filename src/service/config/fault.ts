import type { Path } from './schema-tree.ts';

/** One thing that is wrong with a configuration. Its text never holds a value that could be a secret. */
export interface Fault {
  readonly path: Path;
  readonly message: string;
}

export const formatFault = (fault: Fault): string =>
  fault.path.length === 0 ? `  ${fault.message}` : `  ${formatPath(fault.path)}: ${fault.message}`;

/** `pipelines.shop.collections["public.orders"].key[0]` */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = String(key);
    if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

export const startsWith = (path: Path, start: Path): boolean =>
  start.length <= path.length && start.every((key, index) => key === path[index]);
