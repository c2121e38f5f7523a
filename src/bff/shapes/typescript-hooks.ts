import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/wasm-typescript';

/**
 * Hooks for `module.register` that let Node import TypeScript by taking the types away. Nothing is compiled: what is more
 * than types (enums, parameter properties) is refused. `headgate` is the gateway that is running, installed or not.
 * @see https://nodejs.org/api/module.html#customization-hooks
 */
export const resolve: ResolveHook = (specifier, context, next) => {
  if (specifier !== 'headgate') return next(specifier, context);
  return { url: new URL('./shape.js', import.meta.url).href, shortCircuit: true };
};

export const load: LoadHook = async (url, context, next) => {
  const { pathname } = new URL(url);
  if (!/\.m?ts$/.test(pathname) || !url.startsWith('file:')) return next(url, context);
  const text = await readFile(fileURLToPath(url.replace(/[?#].*$/, '')), 'utf8');
  const { code } = await transform(text, { mode: 'strip-only', filename: fileURLToPath(url.replace(/[?#].*$/, '')) });
  return { format: 'module', source: code, shortCircuit: true };
};
