export interface LockOptions {
  readonly onWait?: () => void;
  readonly signal?: AbortSignal | undefined;
}

export function withLock<T>(file: string, work: () => Promise<T> | T, options?: LockOptions): Promise<T>;
export function isAlive(pid: number): boolean;
