import { readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Consumer, packPackage } from './consumer.ts';

const SHAPE = `import { defineShape } from 'headgate';

interface Data { readonly product: { readonly name: string; readonly price: number } }

export default defineShape(({ product }: Data) => \`\${product.name}: \${product.price / 100}\`);
`;

const PROGRAM = `import { createGateway } from 'headgate';

const gateway = await createGateway({ schemas: 'schemas', bff: 'bff' });
const { url } = await gateway.listen({ port: 0 });
console.log(url);
`;

const schemaOf = (port: number) => `extend schema @subgraph(url: "http://127.0.0.1:${port}/graphql")
type Query { product(id: ID!): Product }
type Product { id: ID! name: String! price: Int! }
`;

/** Packs the package, installs it into an empty folder, and uses it there as people do. */
export function describeInstalled(title: string, findNode: () => Promise<string>): void {
  describe(title, () => {
    let consumer: Consumer;
    let products: Server;

    beforeAll(async () => {
      consumer = await Consumer.arrive(await findNode());
      products = await startProducts();
      await consumer.run('npm', 'init', '-y');
      await consumer.run(
        'npm',
        'install',
        '--engine-strict',
        '--no-audit',
        '--no-fund',
        await packPackage(consumer.dir),
      );
    }, 600_000);

    afterAll(async () => {
      products?.close();
      await consumer?.leave();
    });

    test('few packages come with it', async () => {
      expect(await packagesIn(join(consumer.dir, 'node_modules'))).toEqual([
        '@swc/wasm-typescript',
        'graphql',
        'headgate',
        'zod',
      ]);
    });

    test('it has the documentation and the licences of what it bundles, and nothing of the demo', async () => {
      const installed = join(consumer.dir, 'node_modules/headgate');
      expect((await readdir(installed)).sort()).toEqual([
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'dashboards',
        'dist',
        'docs',
        'package.json',
      ]);
      expect(await readdir(join(installed, 'docs'))).toContain('configuration.md');
      const built = await readdir(join(installed, 'dist'), { recursive: true });
      expect(built).toContain('third-party-licenses.txt');
      expect(built.filter((name) => name.startsWith('subgraphs') || name.endsWith('.map'))).toEqual([]);
    });

    test('`headgate` runs, and writes a project that is valid', async () => {
      expect(await consumer.headgate('--version')).toBe('0.1.0\n');
      await consumer.headgate('init');
      await consumer.write('bff/web/product.ts', SHAPE);
      expect(await consumer.headgate('validate')).toContain('endpoints  bff: good, 1 endpoint');
    });

    test('`headgate dev --demo` says where the demo is', async () => {
      await expect(consumer.headgate('dev', '--demo')).rejects.toThrow(
        'Clone the repository and run `npm start` there.',
      );
    });

    const command = () => join(consumer.dir, 'node_modules/.bin/headgate');
    test.each([
      ['`headgate start`', () => consumer.serve(command(), 'start', '--port', '0')],
      ['a program', () => consumer.serve('node', 'program.mjs')],
    ])('%s serves the graph, and endpoints with shapes in TypeScript', async (_, serve) => {
      const { port } = products.address() as AddressInfo;
      await consumer.write('schemas/products.graphql', schemaOf(port));
      await consumer.write('program.mjs', PROGRAM);
      const url = await serve();
      const body = JSON.stringify({ query: '{ product(id: "p1") { name } }' });
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      expect(await answer.json()).toEqual({ data: { product: { name: 'Lamp' } } });
      expect(await (await fetch(new URL('/bff/web/product/p1', url))).json()).toBe('Lamp: 49');
      const page = await fetch(url, { headers: { accept: 'text/html' } });
      expect(await page.text()).toContain('GraphiQL');
    });
  });
}

/** A subgraph that has one product, whatever it is asked. */
async function startProducts(): Promise<Server> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    request.resume().on('end', () => response.end('{"data":{"product":{"id":"p1","name":"Lamp","price":4900}}}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function packagesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const found = names.map(async (name) =>
    name.startsWith('@') ? (await readdir(join(folder, name))).map((inner) => `${name}/${inner}`) : [name],
  );
  return (await Promise.all(found)).flat().sort();
}
