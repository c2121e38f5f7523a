/** Two gateways in one process, with the configs of two files: `CONFIGS`, a JSON list. Prints their ports as a JSON list. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../gateways.ts';

const { createGateway } = await import(join(ROOT, 'dist/index.js'));
/** What is used of the package, whose types are built only for publishing. */
interface Gateway {
  listen(options: { port: number; host: string }): Promise<{ readonly url: string }>;
}

const configs: readonly string[] = JSON.parse(process.env.CONFIGS ?? '[]');
const ports: number[] = [];
for (const file of configs) {
  const config = parse(readFileSync(file, 'utf8'));
  const gateway: Gateway = await createGateway({ supergraph: process.env.SUPERGRAPH ?? '', config });
  const { url } = await gateway.listen({ port: 0, host: '127.0.0.1' });
  ports.push(Number(new URL(url).port));
}
console.log(JSON.stringify(ports));
