import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ADMIN_ROUTES } from '../../src/gateway/admin-api.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/admin.md'), 'utf8');

test('docs/admin.md has a row for each route of the admin API', () => {
  const rows = [...PAGE.matchAll(/^\| `((?:GET|POST) \/admin\/[\w/-]+)` \|/gm)].map((match) => match[1]);
  expect(rows).toEqual(Object.entries(ADMIN_ROUTES).map(([path, { method }]) => `${method} ${path}`));
});
