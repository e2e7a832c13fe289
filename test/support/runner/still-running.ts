import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const everyMs = 60_000;
const longMs = 240_000;

/** Says once a minute which files have been running for long, and at which tests: of a run that hangs, the last lines tell where. */
export default class StillRunning implements Reporter {
  readonly #modules = new Map<TestModule, number>();
  readonly #cases = new Map<TestCase, number>();
  #timer: NodeJS.Timeout | undefined;

  onTestRunStart(): void {
    this.#timer = setInterval(() => this.#tell(), everyMs).unref();
  }

  onTestModuleStart(module: TestModule): void {
    this.#modules.set(module, performance.now());
  }

  onTestModuleEnd(module: TestModule): void {
    this.#modules.delete(module);
  }

  onTestCaseReady(test: TestCase): void {
    this.#cases.set(test, performance.now());
  }

  onTestCaseResult(test: TestCase): void {
    this.#cases.delete(test);
  }

  onTestRunEnd(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const now = performance.now();
    for (const [module, since] of this.#modules) {
      if (now - since < longMs) continue;
      const tests = [...this.#cases].filter(([test]) => test.module === module);
      const names = tests.map(([test, begun]) => `\n  ${test.fullName} (${seconds(now - begun)})`);
      process.stdout.write(
        `still running: ${relative('.', module.moduleId)} (${seconds(now - since)})${names.join('')}\n`,
      );
    }
  }
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
