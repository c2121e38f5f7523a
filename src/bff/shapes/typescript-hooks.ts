import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/wasm-typescript';

/**
 * Resolves modules that are imported with `?read=…`, and their imports, so that changed shapes are read again. Together with
 * `load`, for `module.register`: Node imports shapes in TypeScript by erasing their types. Other TypeScript syntax, such as
 * enums and parameter properties, is rejected.
 * @see https://nodejs.org/api/module.html#customization-hooks
 */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const read = readMark(context.parentURL);
  if (read === undefined) return next(specifier, context);
  // the running gateway, installed or not
  if (specifier === 'headgate') return { url: siblingUrl('./shape'), shortCircuit: true };
  if (specifier === 'headgate/plugin') return { url: siblingUrl('../../plugins/plugin'), shortCircuit: true };
  const resolved = await next(specifier, context);
  if (!specifier.startsWith('.')) return resolved;
  const url = new URL(resolved.url);
  url.searchParams.set('read', read);
  return { ...resolved, url: url.href };
};

/** Loads TypeScript modules with their types erased. */
export const load: LoadHook = async (url, context, next) => {
  const { pathname } = new URL(url);
  if (readMark(url) === undefined || !/\.m?ts$/.test(pathname)) return next(url, context);
  const file = fileURLToPath(url);
  const text = await readFile(file, 'utf8');
  const { code } = await transform(text, { mode: 'strip-only', filename: file }).catch(asError);
  return { format: 'module', source: code, shortCircuit: true };
};

/** Converts the parser's error, which is a plain object, to a `SyntaxError`. */
function asError({ message, startLine, startColumn }: SwcError): never {
  const at = startLine === undefined ? '' : `line ${startLine}, column ${(startColumn ?? 0) + 1}: `;
  throw new SyntaxError(`${at}${message}`);
}

interface SwcError {
  readonly message: string;
  readonly startLine?: number;
  /** Zero-based. */
  readonly startColumn?: number;
}

function readMark(url: string | undefined): string | undefined {
  if (!url?.startsWith('file:')) return undefined;
  return new URL(url).searchParams.get('read') ?? undefined;
}

function siblingUrl(name: string): string {
  const { pathname } = new URL(import.meta.url);
  return new URL(`${name}${pathname.endsWith('.ts') ? '.ts' : '.js'}?read=once`, import.meta.url).href;
}
