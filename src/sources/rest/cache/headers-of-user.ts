import type { Connector, HeaderRule } from '../../../connectors/connector.ts';
import { referencesIn } from '../../../connectors/mapping/references.ts';

/** Variables that have the same value in every request. */
const CONSTANT: ReadonlySet<string> = new Set(['$config', '$env']);

const VARYING = new WeakMap<Connector, readonly string[]>();

/**
 * Names, in lower case, of headers of a connector's requests that may have another value for each user: those that rules
 * send on, those of the client that it takes over, and those written with anything but constants.
 * @param sent names and values by turns
 */
export function headersOfUser(connector: Connector, sent: readonly string[] = []): ReadonlySet<string> {
  const names = new Set(varyingOf(connector));
  for (let at = 0; at < sent.length; at += 2) names.add((sent[at] as string).toLowerCase());
  for (const name of CORRELATION) names.delete(name);
  return names;
}

function varyingOf(connector: Connector): readonly string[] {
  let names = VARYING.get(connector);
  if (names === undefined) {
    const rules = [...(connector.source?.headers ?? []), ...connector.headers];
    names = rules.filter((rule) => !isConstant(rule)).map(({ name }) => name.toLowerCase());
    VARYING.set(connector, names);
  }
  return names;
}

function isConstant(rule: HeaderRule): boolean {
  if ('from' in rule) return false;
  return rule.value.parts.every(
    (part) => typeof part === 'string' || referencesIn(part.expression).every(({ variable }) => CONSTANT.has(variable)),
  );
}

/** Which requests belong together, and nothing of who asks. */
export const CORRELATION: ReadonlySet<string> = new Set(['x-request-id', 'traceparent', 'tracestate']);
