import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HERE = join(ROOT, 'bench/gateways');

/** What a gateway is started with. */
export interface Place {
  readonly port: number;
  /** The supergraph's file, with the URLs of the stub. */
  readonly supergraph: string;
  /** `http://127.0.0.1:PORT`, with a subgraph at each name. */
  readonly subgraphs: string;
  readonly fromSources: boolean;
}

/** `alone`: each request is worked out for itself. `shared`: as it comes, or with sharing on where it comes without. */
export type Mode = 'alone' | 'shared';

export interface GatewaySetup {
  readonly name: string;
  readonly title: string;
  readonly path: string;
  /** It parses and plans any query; the floor knows those of the bench only. */
  readonly general: boolean;
  /** What the mode `shared` is called in the table; without it there is no such mode. */
  readonly sharing?: string;
  /** The folder of its package.json in `bench/gateways`, where it has to be installed. */
  readonly install?: string;
  command(
    place: Place,
    mode: Mode,
  ): { readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> };
}

/** What Node is given to run Headgate's CLI. */
export function headgate(fromSources: boolean): string[] {
  return fromSources ? ['--import', 'tsx', join(ROOT, 'src/cli.ts')] : [join(ROOT, 'dist/cli.js')];
}

/** Nothing is shared between requests in flight. */
export const ALONE_CONFIG = join(HERE, 'headgate-alone.yaml');

const ownEnv = ({ port, supergraph, subgraphs }: Place) => ({
  PORT: `${port}`,
  SUPERGRAPH: supergraph,
  SUBGRAPHS: subgraphs,
});

export const GATEWAYS: readonly GatewaySetup[] = [
  {
    name: 'headgate',
    title: 'Headgate',
    path: '/graphql',
    general: true,
    sharing: 'as shipped',
    command: ({ port, supergraph, fromSources }, mode) => ({
      args: [
        ...headgate(fromSources),
        ...['start', '--supergraph', supergraph, '--host', '127.0.0.1', '--port', `${port}`],
        ...['--config', mode === 'alone' ? ALONE_CONFIG : join(HERE, 'headgate-as-shipped.yaml')],
      ],
    }),
  },
  {
    name: 'floor',
    title: 'floor (by hand, these queries only)',
    path: '/',
    general: false,
    sharing: 'kept bytes',
    command: (place, mode) => ({
      args: [join(HERE, 'floor.mjs')],
      env: { ...ownEnv(place), FLOOR: mode === 'shared' ? 'static' : '' },
    }),
  },
  {
    name: 'hive',
    title: 'Hive Gateway, Rust planner',
    path: '/graphql',
    general: true,
    sharing: 'client requests shared',
    install: '.',
    command: ({ port, supergraph }, mode) => ({
      args: [
        join(HERE, 'node_modules/.bin/hive-gateway'),
        ...[
          'supergraph',
          supergraph,
          '--host',
          '127.0.0.1',
          '--port',
          `${port}`,
          '--fork',
          '1',
          '--hive-router-runtime',
        ],
        ...['-c', join(HERE, mode === 'alone' ? 'hive-alone.config.mjs' : 'hive-sharing.config.mjs')],
      ],
    }),
  },
  {
    name: 'mercurius',
    title: 'Mercurius, jit',
    path: '/graphql',
    general: true,
    install: '.',
    command: (place) => ({ args: [join(HERE, 'mercurius.mjs')], env: ownEnv(place) }),
  },
  {
    name: 'apollo',
    title: 'Apollo Gateway',
    path: '/',
    general: true,
    install: 'apollo',
    command: (place) => ({ args: [join(HERE, 'apollo/start.mjs')], env: ownEnv(place) }),
  },
];

/** Throws for a name that is not known. */
export function chooseGateways(names: readonly string[]): GatewaySetup[] {
  return names.map((name) => {
    const found = GATEWAYS.find((gateway) => gateway.name === name);
    if (found) return found;
    throw new TypeError(`There is no gateway "${name}"; there are ${GATEWAYS.map((one) => one.name).join(', ')}.`);
  });
}
