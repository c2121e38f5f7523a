import { CORRELATION_HEADERS } from '../../../client/sharing.ts';
import type { Connector, HeaderRule } from '../../../connectors/connector.ts';
import { referencesIn } from '../../../connectors/mapping/references.ts';
import type { ForwardedHeaders } from '../../source.ts';

/** Variables that have the same value in every request. */
const CONSTANT: ReadonlySet<string> = new Set(['$config', '$env']);

const VARYING = new WeakMap<Connector, readonly string[]>();

/**
 * Returns the names, in lower case, of headers of a connector's requests whose values may differ between users: headers that rules
 * forward, headers copied from the client, and headers whose values use more than constants.
 */
export function headersOfUser(connector: Connector, sent: Partial<ForwardedHeaders> = {}): ReadonlySet<string> {
  const { pairs = [], correlation = CORRELATION_HEADERS } = sent;
  const names = new Set(varyingOf(connector));
  for (let at = 0; at < pairs.length; at += 2) {
    const name = (pairs[at] as string).toLowerCase();
    if (!correlation.has(name)) names.add(name);
  }
  return names;
}

function varyingOf(connector: Connector): readonly string[] {
  let names = VARYING.get(connector);
  if (names === undefined) {
    const rules = [...(connector.source?.headers ?? []), ...connector.headers];
    names = rules.filter((rule) => !isConstant(rule) && !isCorrelation(rule)).map(({ name }) => name.toLowerCase());
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

/** Returns whether a rule only forwards a correlation header. */
export function isCorrelation(rule: HeaderRule): boolean {
  return 'from' in rule && CORRELATION_HEADERS.has(rule.from) && CORRELATION_HEADERS.has(rule.name.toLowerCase());
}
