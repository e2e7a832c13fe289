/** A metric as the reference shows it; what is registered is made from this. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Of its value: `seconds`, `bytes`, `rows`, `1 or 0` … */
  readonly unit: string;
  readonly help: string;
  /** What a bad value means, and which value that is; empty where none is bad in itself. */
  readonly bad: string;
}

/** Keeps the literal names while checking the shape. */
export const defineMetrics = <const Definitions extends Record<string, MetricDefinition>>(
  definitions: Definitions,
): Definitions => definitions;
