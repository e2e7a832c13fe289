export interface InstallOptions {
  readonly label?: string;
  readonly signal?: AbortSignal | undefined;
}

export function ensureProject(directory: string, options?: InstallOptions): Promise<void>;
export function isInstalled(directory: string, wanted?: string): boolean;
