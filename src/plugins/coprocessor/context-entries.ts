import { isDeepStrictEqual } from 'node:util';
import type { StageSection } from '../../config/sections/coprocessor.ts';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import type { OperationFacts } from '../hooks.ts';
import type { PluginRequest } from '../plugin-request.ts';
import { wrong } from './protocol.ts';

/** Names of entries as Apollo Router 2 has them, with those of Apollo Router 1. */
const NAMES = {
  operation_name: ['apollo::supergraph::operation_name', 'operation_name'],
  operation_kind: ['apollo::supergraph::operation_kind', 'operation_kind'],
  claims: ['apollo::authentication::jwt_claims', 'apollo_authentication::JWT::claims'],
} as const;

export const CLAIMS = NAMES.claims[0];
const OWN: ReadonlyMap<string, string> = new Map(
  Object.values(NAMES).flatMap(([name, old]) => [
    [name, name],
    [old, name],
  ]),
);

/** Claims that a coprocessor has set for a request, by the context of the request. */
const CLAIMS_SET = new WeakMap<Map<string, unknown>, unknown>();

/** Returns the claims that a coprocessor has set for a request. */
export function claimsSetFor(context: Map<string, unknown>): unknown {
  return CLAIMS_SET.get(context);
}

/** What the entries of a request are made from. */
export interface EntrySource {
  readonly context: Map<string, unknown>;
  readonly request: PluginRequest;
  readonly operation?: OperationFacts | undefined;
}

/** Returns whether a stage may see the claims of the client. */
export function seesClaims({ context }: Pick<StageSection, 'context'>): boolean {
  return typeof context === 'object' ? context.selective.includes(CLAIMS) : context !== false;
}

/** Returns an entry of the context, for conditions. */
export function entryOf(key: string, source: EntrySource): unknown {
  const name = OWN.get(key);
  return name === undefined ? source.context.get(key) : ownEntry(name, source);
}

function ownEntry(name: string, { context, request, operation }: EntrySource): unknown {
  if (name === NAMES.operation_name[0]) return operation?.name;
  if (name === NAMES.operation_kind[0]) return operation?.type;
  return CLAIMS_SET.get(context) ?? request.identity?.claims;
}

/** Returns the entries that a stage sends. Values that JSON cannot express are left out. */
export function entriesFor(
  { context: setting }: Pick<StageSection, 'context'>,
  source: EntrySource,
): Record<string, unknown> | undefined {
  if (setting === false) return undefined;
  const selected = typeof setting === 'object' ? new Set(setting.selective) : undefined;
  const isOld = setting === true || setting === 'deprecated';
  const entries: Record<string, unknown> = Object.create(null);
  for (const [key, value] of source.context) {
    if (selected !== undefined && !selected.has(key)) continue;
    const copy = copyOf(value);
    if (copy !== undefined) entries[key] = copy;
  }
  for (const [name, old] of Object.values(NAMES)) {
    if (selected !== undefined && !selected.has(name)) continue;
    const copy = copyOf(ownEntry(name, source));
    if (copy !== undefined) entries[isOld ? old : name] = copy;
  }
  return entries;
}

/**
 * Returns a function that takes over the entries that a coprocessor has returned: those that it left out are removed. Throws a
 * `CoprocessorError`, before anything is changed, for claims that cannot be set.
 * @param maySetClaims whether the client is not authenticated yet
 */
export function entriesTaker(
  returned: Readonly<Record<string, unknown>> | undefined,
  sent: Readonly<Record<string, unknown>> | undefined,
  { context }: EntrySource,
  maySetClaims: boolean,
): () => void {
  if (returned === undefined) return () => {};
  const keys = Object.keys(returned);
  const claims = keys.find((key) => OWN.get(key) === CLAIMS && !isDeepStrictEqual(returned[key], sent?.[key]));
  if (claims !== undefined && !maySetClaims) wrong(`it changed "${claims}", which only the stage RouterRequest can do`);
  return () => {
    for (const key of Object.keys(sent ?? {})) if (!keys.includes(key) && !OWN.has(key)) context.delete(key);
    for (const key of keys) if (!OWN.has(key)) context.set(key, returned[key]);
    if (claims !== undefined) CLAIMS_SET.set(context, returned[claims]);
  };
}

/** Returns a copy that has only what JSON can express; `undefined` if there is nothing. */
function copyOf(value: unknown): unknown {
  try {
    const text = stringifyJson(value);
    return text === undefined ? undefined : parseJson(text);
  } catch {
    return undefined;
  }
}
