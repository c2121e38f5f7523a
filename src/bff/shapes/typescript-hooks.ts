import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/wasm-typescript';

/**
 * Hooks for `module.register` that let Node import shapes in TypeScript by taking the types away. Nothing is compiled:
 * what is more than types (enums, parameter properties) is refused. They concern modules that are imported with `?read=…`
 * and what these import, so that a shape is read again, with its own modules, when it has changed.
 * @see https://nodejs.org/api/module.html#customization-hooks
 */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const read = readMark(context.parentURL);
  if (read === undefined) return next(specifier, context);
  // the gateway that is running, be it installed or not
  if (specifier === 'headgate') return { url: own('./shape'), shortCircuit: true };
  const resolved = await next(specifier, context);
  if (!specifier.startsWith('.')) return resolved;
  const url = new URL(resolved.url);
  url.searchParams.set('read', read);
  return { ...resolved, url: url.href };
};

export const load: LoadHook = async (url, context, next) => {
  const { pathname } = new URL(url);
  if (readMark(url) === undefined || !/\.m?ts$/.test(pathname)) return next(url, context);
  const file = fileURLToPath(url);
  const text = await readFile(file, 'utf8');
  const { code } = await transform(text, { mode: 'strip-only', filename: file }).catch(asError);
  return { format: 'module', source: code, shortCircuit: true };
};

/** What the parser rejects with is an object of its own, without a stack. */
function asError({ message, startLine, startColumn }: Refusal): never {
  const at = startLine === undefined ? '' : `line ${startLine}, column ${(startColumn ?? 0) + 1}: `;
  throw new SyntaxError(`${at}${message}`);
}

interface Refusal {
  readonly message: string;
  readonly startLine?: number;
  /** From 0. */
  readonly startColumn?: number;
}

function readMark(url: string | undefined): string | undefined {
  if (!url?.startsWith('file:')) return undefined;
  return new URL(url).searchParams.get('read') ?? undefined;
}

function own(name: string): string {
  const { pathname } = new URL(import.meta.url);
  return new URL(`${name}${pathname.endsWith('.ts') ? '.ts' : '.js'}?read=once`, import.meta.url).href;
}
