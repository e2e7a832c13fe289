import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects garbage now: all of it, or what is young. Node has no other way to ask for it after it was started. */
export function collector(type: 'major' | 'minor'): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return typeof collect === 'function'
    ? () => void Reflect.apply(collect, undefined, [{ type }])
    : () => undefined;
}
