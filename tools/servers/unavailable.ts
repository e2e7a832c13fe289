/** A server of this kind can't be had on this machine; `attempts` says what was tried, and why each failed. */
export class ServerUnavailable extends Error {
  readonly server: string;
  readonly attempts: readonly string[];

  constructor(server: string, attempts: readonly string[]) {
    super([`${server} is not available:`, ...attempts].join('\n  - '));
    this.name = 'ServerUnavailable';
    this.server = server;
    this.attempts = attempts;
  }
}
