import type { StatusResult } from '../../service/results.ts';
import type { Register } from './register.ts';

/** Of incremental pipelines. */
export function addCursorMetrics(register: Register): (results: readonly StatusResult[] | null) => void {
  const saved = register.gauge('lockstep_cursor_saved_timestamp_seconds');
  const heldBack = register.gauge('lockstep_cursor_held_back');
  return (results) => {
    for (const each of [saved, heldBack]) each.reset();
    for (const { pipeline, incremental } of results ?? []) {
      for (const { collection, savedAtMs, waitsFor } of incremental?.cursors ?? []) {
        saved.set({ pipeline, collection }, savedAtMs / 1000);
        heldBack.set({ pipeline, collection }, waitsFor === null ? 0 : 1);
      }
    }
  };
}
