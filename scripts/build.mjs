/**
 * Builds `dist/`: the CLI and the library as one bundle, and the services of the demo as another. With `--types`, also
 * the library's type declarations, which only the package needs. With `--dist FOLDER`, into another folder.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { types: { type: 'boolean' }, dist: { type: 'string' } } });
const DIST = resolve(values.dist ?? join(ROOT, 'dist'));
const { dependencies, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Loads a WebAssembly file from beside itself, so it stays outside of the bundle. */
const NOT_BUNDLED = ['@swc/wasm-typescript'];

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  minifyWhitespace: true,
  lineLimit: 160,
  chunkNames: 'bundle/[name]-[hash]',
  // ws works without these add-ons, which would have to be compiled
  define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
  external: NOT_BUNDLED,
  // Bundled CommonJS calls `require` for what is built into Node.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  legalComments: 'none',
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
};

/** Each file that something names by its path: the command, the library, the hooks that read shapes, and the thread that composes. */
const GATEWAY = {
  cli: 'src/cli.ts',
  index: 'src/index.ts',
  'composition/composer-thread': 'src/composition/composer-thread.ts',
  'bff/shapes/shape': 'src/bff/shapes/shape.ts',
  'plugins/plugin': 'src/plugins/plugin.ts',
  'bff/shapes/typescript-hooks': 'src/bff/shapes/typescript-hooks.ts',
};

async function main() {
  console.log('Building Headgate and the demo services …');
  rmSync(DIST, { recursive: true, force: true });
  const [gateway] = await Promise.all([
    build({ ...OPTIONS, entryPoints: GATEWAY, outdir: DIST }),
    build({ ...OPTIONS, entryPoints: ['subgraphs/start.ts'], outdir: join(DIST, 'subgraphs') }),
  ]);
  checkImports(gateway.metafile);
  writeFileSync(join(DIST, 'third-party-licenses.txt'), licensesOf(gateway.metafile));
  if (values.types) buildTypes();
}

/** Throws when the bundle imports a package that is not installed with it. */
function checkImports({ outputs }) {
  const names = Object.values(outputs).flatMap(({ imports }) => imports.filter(({ external }) => external));
  const missing = names.map(({ path }) => path).filter((path) => !path.startsWith('node:') && !isBuiltin(path) && !(path in dependencies));
  if (missing.length > 0) throw new Error(`dist/ imports what package.json does not depend on: ${missing.join(', ')}`);
}

/** The licence of each package that is in the bundle, as their licences ask. */
function licensesOf({ inputs }) {
  const packages = new Set(Object.keys(inputs).flatMap((path) => packageFolder(path) ?? []));
  return [...packages].sort().map(licenseOf).join(`\n\n${'-'.repeat(80)}\n\n`);
}

/** `node_modules/a/node_modules/@b/c` of `node_modules/a/node_modules/@b/c/lib/file.js`. */
function packageFolder(path) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

function licenseOf(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
  const by = typeof author === 'object' ? author.name : author;
  const file = readdirSync(join(ROOT, folder)).find((entry) => /^licen[cs]e(\.|-|$)/i.test(entry));
  const text = file ? readFileSync(join(ROOT, folder, file), 'utf8').trim() : `${license}${by ? `, by ${by}` : ''}`;
  return `${name} ${version} (${license})\n\n${text}\n`;
}

/** Writes the declarations that those of the exports need, and no others. */
function buildTypes() {
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', DIST], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  const needed = new Set();
  for (const { types } of Object.values(exports)) if (types) collectDeclarations(join(DIST, types.slice('./dist/'.length)), needed);
  for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && file.endsWith('.d.ts') && !needed.has(file)) rmSync(file);
  }
  removeEmptyFolders(DIST);
}

function collectDeclarations(file, found) {
  if (found.has(file)) return;
  found.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
    if (path.startsWith('.')) collectDeclarations(declarationOf(join(dirname(file), path)), found);
    else if (!path.startsWith('node:') && !(packageName(path) in dependencies)) {
      throw new Error(`${file} imports ${path}, which package.json does not depend on`);
    }
  }
}

function declarationOf(path) {
  return path.replace(/(\.d)?\.[jt]s$/, '.d.ts');
}

function packageName(path) {
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/');
}

function removeEmptyFolders(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyFolders(join(folder, entry.name));
  }
  if (folder !== DIST && existsSync(folder) && readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}

await main();
