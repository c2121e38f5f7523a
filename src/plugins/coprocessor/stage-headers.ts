import type { StageSection } from '../../config/sections/coprocessor.ts';
import type { PluginHeaders } from '../plugin-request.ts';
import type { HeaderLists } from './protocol.ts';

/** Headers that describe a message or its connection. A coprocessor sees them, and cannot change them. */
const OF_MESSAGE: ReadonlySet<string> = new Set([
  ...['connection', 'content-encoding', 'content-length', 'expect', 'host', 'keep-alive', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade'],
]);

type Setting = Pick<StageSection, 'headers'>;

/** Returns the headers of a client request that a stage sends. */
export function requestHeaderLists({ headers: setting }: Setting, headers: PluginHeaders): HeaderLists | undefined {
  if (setting === false) return undefined;
  if (setting === true) return headers.all();
  const pairs = setting.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, [value]] as const];
  });
  return Object.fromEntries(pairs);
}

/** Returns other headers that a stage sends. */
export function headerLists({ headers: setting }: Setting, headers: Headers): HeaderLists | undefined {
  if (setting === false) return undefined;
  const lists: Record<string, string[]> = Object.create(null);
  for (const [name, value] of headers) {
    if (Array.isArray(setting) && !setting.includes(name)) continue;
    lists[name] ??= [];
    lists[name].push(value);
  }
  return lists;
}

/** What headers are changed with. */
interface ChangedHeaders {
  set(name: string, values: readonly string[]): void;
  delete(name: string): void;
}

/** Applies the headers that a coprocessor has returned: those of the sent ones that it left out are removed. */
export function applyHeaders(
  returned: HeaderLists | undefined,
  sent: HeaderLists | undefined,
  headers: ChangedHeaders,
): void {
  if (returned === undefined) return;
  for (const name of Object.keys(sent ?? {}))
    if (!Object.hasOwn(returned, name) && !OF_MESSAGE.has(name)) headers.delete(name);
  for (const [name, values] of Object.entries(returned)) {
    if (OF_MESSAGE.has(name) || isEqual(values, sent?.[name])) continue;
    if (values.length === 0) headers.delete(name);
    else headers.set(name, values);
  }
}

function isEqual(values: readonly string[], others: readonly string[] = []): boolean {
  return values.length === others.length && values.every((value, index) => value === others[index]);
}

/** Changes the headers of a client request. */
export function ofRequest(headers: PluginHeaders): ChangedHeaders {
  return {
    set: (name, values) => headers.set(name, values.join(name === 'cookie' ? '; ' : ', ')),
    delete: (name) => headers.delete(name),
  };
}

/** Changes other headers. */
export function of(headers: Headers): ChangedHeaders {
  return {
    set(name, values) {
      headers.delete(name);
      for (const value of values) headers.append(name, value);
    },
    delete: (name) => headers.delete(name),
  };
}

/** Returns headers of a response that a coprocessor makes. */
export function responseHeaders(returned: HeaderLists = {}): Record<string, string | readonly string[]> {
  return Object.fromEntries(Object.entries(returned).filter(([name]) => !OF_MESSAGE.has(name)));
}

/** Returns headers with one value each. */
export function joinedHeaders(returned: HeaderLists | undefined): Record<string, string> | undefined {
  if (returned === undefined) return undefined;
  const pairs = Object.entries(returned).filter(([name, values]) => !OF_MESSAGE.has(name) && values.length > 0);
  return Object.fromEntries(pairs.map(([name, values]) => [name, values.join(', ')]));
}
