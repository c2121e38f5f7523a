import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Names of gateways; see `gateways.ts`. */
  readonly gateways: readonly string[];
  readonly withApollo: boolean;
  /** How long each scenario is measured, and warmed up before. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
  /** How many documents never seen before are sent one after the other. */
  readonly coldDocuments: number;
  /** The page whose generated section is written; the chart goes beside it. */
  readonly out: string;
  /** Runs Headgate from `src/`, slower to start, without a build. */
  readonly fromSources: boolean;
}

export const USAGE = `npm run bench -- [options]
  --quick               Headgate and the floor alone, shorter: under 90 s
  --with-apollo         also Apollo Gateway (Elastic License 2.0)
  --gateways A,B        only these: headgate, floor, hive, mercurius, apollo
  --seconds N           for each scenario (default 10)
  --warm-up N           seconds before (default 5)
  --connections N       (default 50)
  --out FILE            the page to write (default docs/performance.md)
  --from-sources        runs Headgate from src/ instead of dist/`;

/** Throws a `TypeError` for an option that is not known, or no number where one is needed. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      'with-apollo': { type: 'boolean', default: false },
      gateways: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      connections: { type: 'string' },
      out: { type: 'string' },
      'from-sources': { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const all = quick ? ['headgate', 'floor'] : ['headgate', 'floor', 'hive', 'mercurius'];
  const withApollo = values['with-apollo'];
  return {
    gateways: values.gateways?.split(',') ?? (withApollo ? [...all, 'apollo'] : all),
    withApollo,
    seconds: number('seconds', values.seconds, quick ? 5 : 10),
    warmUpSeconds: number('warm-up', values['warm-up'], quick ? 3 : 5),
    connections: number('connections', values.connections, 50),
    coldDocuments: quick ? 50 : 300,
    out: values.out ?? 'docs/performance.md',
    fromSources: values['from-sources'],
  };
}

function number(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value >= 0)) throw new TypeError(`--${name}: expected a number, not "${text}"`);
  return value;
}
