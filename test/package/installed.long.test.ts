import { afterAll, beforeAll, expect, test } from 'vitest';
import { Consumer, packPackage } from './consumer.ts';
import { describeInstalled } from './installed.ts';

describeInstalled('the package, installed', async () => process.execPath);

const PROGRAM = `import { createServer } from 'node:http';
import { type CompositionError, createGateway, createLogger, type DecidePolicies, defineConfig, defineShape, type EmbeddedGateway, type GatewayConfig } from 'headgate';

const config: GatewayConfig = defineConfig({ limits: { max_depth: 10 } });
// @ts-expect-error there is no such key
defineConfig({ limts: {} });
const logger = createLogger({ level: 'silent', stream: process.stdout });
const gateway: EmbeddedGateway = await createGateway({ schemas: 'schemas', config, logger });
createServer(gateway.handle);
export const decide: DecidePolicies = (names, { identity }) => names.filter(() => identity !== undefined);
export const problemsOf = (error: CompositionError): number => error.problems.length;
export default defineShape((data: { readonly count: number }) => data.count);
`;

const PLUGIN = `import { createGateway } from 'headgate';
import { compilePattern, definePlugin, GatewayError, type Hooks } from 'headgate/plugin';

const hooks: Hooks = {
  onRequest({ request }) {
    if (compilePattern('^bad')(request.headers.get('x-a') ?? '')) throw new GatewayError(400, 'BAD', 'bad');
  },
  // @ts-expect-error there is no such hook
  onReqest() {},
};
interface Config { readonly max: number }
const limited = definePlugin<Config>({
  name: 'limited',
  reads: { headers: ['x-a'], claims: true },
  configSchema: { parse: (given) => ({ max: Number(given) }) },
  hooks: {
    onPayload({ config, payload }) {
      payload.extensions = { max: config.max.toFixed() };
    },
    onExecute: async ({ operation }) => (operation.type === 'query' ? { data: null } : undefined),
  },
});
export const gateway = createGateway({
  schemas: 'schemas',
  plugins: [definePlugin({ name: 'plain', hooks }), { plugin: limited, config: 1, on_error: 'ignore' }],
});
`;

const OPTIONS = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    target: 'ES2022',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    types: ['node'],
  },
  files: ['program.mts', 'plugin.mts'],
};

let consumer: Consumer;

beforeAll(async () => {
  consumer = await Consumer.arrive();
  await consumer.run('npm', 'init', '-y');
  const packages = [await packPackage(consumer.dir), 'typescript@6.0.3', '@types/node@20'];
  await consumer.run('npm', 'install', '--engine-strict', '--no-audit', '--no-fund', ...packages);
}, 600_000);

afterAll(() => consumer?.leave());

test('its types hold where the compiler checks those of packages, too', async () => {
  await consumer.write('program.mts', PROGRAM);
  await consumer.write('plugin.mts', PLUGIN);
  await consumer.write('tsconfig.json', JSON.stringify(OPTIONS));
  expect(await consumer.run('node', 'node_modules/typescript/bin/tsc')).toBe('');
});
