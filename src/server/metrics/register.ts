import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type CounterName, type GaugeName, type HistogramName, metricsCatalogue } from './catalogue.ts';

/** Registers metrics of the catalogue. `collect` is called whenever they are asked for. */
export interface Register {
  counter(name: CounterName, collect?: (counter: Counter) => void): Counter;
  gauge(name: GaugeName, collect?: (gauge: Gauge) => void): Gauge;
  histogram(name: HistogramName, buckets: number[]): Histogram;
}

export function registerIn(registry: Registry): Register {
  const common = (name: CounterName | GaugeName | HistogramName) => {
    const { help, labels } = metricsCatalogue[name];
    return { name, help, labelNames: labels, registers: [registry] };
  };
  return {
    counter: (name, collect = () => undefined) => {
      const counter: Counter = new Counter({ ...common(name), collect: () => collect(counter) });
      return counter;
    },
    gauge: (name, collect = () => undefined) => {
      const gauge: Gauge = new Gauge({ ...common(name), collect: () => collect(gauge) });
      return gauge;
    },
    histogram: (name, buckets) => new Histogram({ ...common(name), buckets }),
  };
}
