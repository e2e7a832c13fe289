import { eventually } from '../../demo/eventually.ts';
import { type Ended, RunningCommand, type Surroundings } from '../../demo/running-command.ts';
import type { SyncStats } from '../statistics.ts';

/** `lockstep user-table start`, and the commands that start like it, in a process of its own. */
export class ServiceProcess extends RunningCommand {
  constructor(command: 'start' | 'setup', surroundings: Surroundings) {
    super(['user-table', command], surroundings);
  }

  /** Code 0: it does not answer (yet). */
  async get(path: string): Promise<{ readonly code: number; readonly text: string }> {
    const url = /"http":"([^"]+)"/.exec(this.output)?.[1];
    if (url === undefined) return { code: 0, text: '' };
    const response = await fetch(`${url}${path}`).catch(() => null);
    return response === null ? { code: 0, text: '' } : { code: response.status, text: await response.text() };
  }

  async stats(): Promise<SyncStats | null> {
    const { code, text } = await this.get('/status');
    return code === 200 ? JSON.parse(text) : null;
  }

  healthy(): Promise<void> {
    return eventually('the service is healthy', async () => (await this.get('/health')).code === 200);
  }
}

/** Runs another command to its end. */
export const command = (
  name: string,
  surroundings: Surroundings,
  options: readonly string[] = [],
): Promise<Ended> => new RunningCommand(['user-table', name, ...options, '--json'], surroundings).ended;
