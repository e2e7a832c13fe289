/**
 * What nobody caught is told like any other error, through the same redactor, and ends the process: Node's own report would
 * print the error as it is.
 */
export function watchDefects(report: (thrown: unknown) => number): Disposable {
  const listener = (thrown: unknown): void => {
    process.exit(report(thrown));
  };
  process.on('uncaughtException', listener);
  return { [Symbol.dispose]: () => void process.off('uncaughtException', listener) };
}
