import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ALONE_CONFIG } from './gateways.ts';

const PLUGIN = `export default { name: 'bench', reads: 'nothing', hooks: { onRequest({ request }) { request.headers.set('x-seen', '1'); } } };
`;

/** Writes the plain config with a plugin that has one hook, which returns at once. Returns its file. */
export function pluginConfig(dir: string): string {
  const path = join(dir, 'plugin.mjs');
  writeFileSync(path, PLUGIN);
  const file = join(dir, 'plugins.yaml');
  writeFileSync(file, stringify({ ...parse(readFileSync(ALONE_CONFIG, 'utf8')), plugins: [{ path }] }));
  return file;
}
