/**
 * Which room of `src/` may import which. `npm run check` holds the code to it; change the table only with a reason.
 * A room named `NAME (types)` may be imported with `import type` alone.
 */
const ROOMS = {
  shared: [],
  client: ['plugins (types)'],
  // the hooks and their composition; who calls them, and loads plugins, is elsewhere
  plugins: [
    'client',
    'config/sections/coprocessor.ts (types)',
    'config/sections/coprocessor-condition.ts (types)',
    'config/linear-pattern.ts',
  ],
  config: [],
  telemetry: ['config'],
  store: ['config', 'telemetry'],
  // its coordinates are of the public schema, which is graphql-js's
  usage: ['store'],
  supergraph: [],
  connectors: ['supergraph', 'config'],
  services: [],
  // the check whether every field can be had asks what planning asks
  composition: ['supergraph', 'config', 'connectors', 'services', 'planner', 'operation (types)'],
  operation: ['supergraph', 'config/nearest.ts'],
  planner: ['operation', 'supergraph'],
  executor: ['operation (types)', 'planner (types)', 'supergraph', 'sources/source.ts (types)'],
  sources: [
    'config',
    'telemetry',
    'client',
    'connectors',
    'services',
    'store',
    'cache',
    'planner (types)',
    'supergraph/event-topic.ts',
    'supergraph/events.ts (types)',
    'supergraph/supergraph.ts (types)',
  ],
  cache: ['client', 'store', 'supergraph', 'operation (types)', 'planner (types)', 'sources/source.ts (types)'],
  traffic: [
    'config',
    'telemetry',
    'client',
    'plugins',
    'sources/cancellation.ts',
    'sources/http/http-failure.ts',
    'sources/rest/api-refusal.ts',
    'sources/source.ts (types)',
    'sources/rest/api-transport.ts (types)',
  ],
  policy: [
    'client',
    'config',
    'telemetry',
    'store',
    'operation',
    'supergraph',
    'pipeline (types)',
    'sources/source.ts (types)',
  ],
  bff: [
    'cache',
    'client',
    'config',
    'http',
    'store',
    'operation',
    'executor',
    'policy',
    'supergraph (types)',
    'pipeline (types)',
    'sources/cancellation.ts',
  ],
  pipeline: [
    'plugins',
    'operation',
    'planner',
    'executor',
    'supergraph',
    'client',
    'policy (types)',
    'sources/cancellation.ts',
    'sources/source.ts (types)',
  ],
  http: ['plugins', 'client', 'config', 'policy', 'telemetry', 'pipeline/operation-context.ts (types)'],
  'graphql-http': ['cache', 'client', 'http', 'pipeline', 'policy', 'executor (types)', 'operation', 'telemetry'],
};

/** Rooms that can be read, tested and used without a server: none of these come in. */
const PURE = '^src/(operation|planner|executor)/';
const HOSTS = '^(node:)?(http|https|http2|net|tls)$|node_modules/(graphql-yoga|undici|ioredis)/';

const TYPES = / \(types\)$/;
/** What every room may import. */
const EVERYWHERE = '^src/shared/';
const pathOf = (name) => `^src/${name.replace(TYPES, '')}${name.includes('.ts') ? '$' : '/'}`;

function rulesOf([room, allowed]) {
  const values = allowed.filter((name) => !TYPES.test(name)).map(pathOf);
  const types = allowed.filter((name) => TYPES.test(name)).map(pathOf);
  const rules = [
    {
      name: `${room}-imports`,
      comment: `${room}/ may import: ${allowed.join(', ') || 'nothing of ours'}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: [EVERYWHERE, `^src/${room}/`, ...values, ...types] },
    },
  ];
  if (types.length > 0) {
    rules.push({
      name: `${room}-imports-types`,
      comment: `${room}/ may import only types of: ${types.join(', ')}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: types, dependencyTypesNot: ['type-only'] },
    });
  }
  return rules;
}

module.exports = {
  forbidden: [
    ...Object.entries(ROOMS).flatMap(rulesOf),
    {
      name: 'gateway-imports',
      comment: 'gateway/ may import everything but cli/',
      severity: 'error',
      from: { path: '^src/gateway/' },
      to: { path: '^src/(cli/|cli\\.ts$)' },
    },
    {
      name: 'no-cycle',
      comment: 'Two files that need each other are one concept, or share a third',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-type-cycle',
      comment: 'The same, for types alone: what both need is a file of its own',
      severity: 'error',
      from: { path: '^src/(connectors|services|sources|traffic)/' },
      to: { circular: true },
    },
    {
      name: 'no-barrel',
      comment: 'src/index.ts is the one public face, for embedding; inside, import the file that has it',
      severity: 'error',
      from: { path: '^(src|subgraphs)/' },
      to: { path: '/index\\.ts$', pathNot: 'node_modules/' },
    },
    {
      name: 'lazy-traces',
      comment: 'The code for traces is loaded only where they are on: import it with `await import(…)`',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/telemetry/tracing/' },
      to: {
        path: '^src/telemetry/tracing/|node_modules/@opentelemetry/',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'pure-rooms',
      comment: 'operation/, planner/ and executor/ know no HTTP, no Yoga and no Redis',
      severity: 'error',
      from: { path: PURE },
      to: { path: HOSTS },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      comment: 'The module cannot be found',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.json'],
    },
  },
};
