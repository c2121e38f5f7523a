import { type Reads, reads } from '../../client/depends-on.ts';
import { CORRELATION_HEADERS } from '../../client/sharing.ts';
import { ConfigValueError } from '../../config/config-value-error.ts';
import { isForwardedByPattern, isNeverForwarded } from '../../config/header.ts';
import { CONTEXT_NAMES, type HeaderSettings, type RequestRule } from '../../config/sections/headers.ts';
import type { ClientContext, ForwardedHeaders, ForwardHeaders } from '../../sources/source.ts';
import { contextValue, identityValue } from './header-value.ts';
import { type HeaderMatcher, headerMatcher } from './name-pattern.ts';

/** The compiled rules for the headers of subgraph requests. */
export interface RequestHeaders {
  /** Returns the rules of a subgraph; `undefined` if it gets only its own headers. */
  forSubgraph(name: string): ForwardHeaders | undefined;
  /** Headers with data about the client that the gateway sets. They are removed from client requests. */
  readonly ownHeaders: readonly string[];
  /** Returns what the rules of a subgraph read of a client request. */
  readsOf(subgraph: string): Reads;
}

/** The headers of a subgraph request while rules are applied: values by names in lower case. */
type Outgoing = Map<string, string>;
type HeaderKinds = Required<Pick<ForwardedHeaders, 'correlation' | 'identityHeaders' | 'removesTrace'>>;
type Step = (client: ClientContext, out: Outgoing, mayPass: (name: string) => boolean) => void;

/** Compiles the rules. Throws `ConfigValueError` for rules by which a client could forge its identity. */
export function compileRequestHeaders({ all, subgraphs }: HeaderSettings): RequestHeaders {
  const lists = [all.request, ...Object.values(subgraphs).map((own) => own.request)];
  const ownHeaders = [...new Set(lists.flat().flatMap(identityHeader))];
  for (const rule of lists.flat()) checkRename(rule, ownHeaders);
  const byName = new Map<string, ForwardHeaders | undefined>();
  const forAll = compileList(all.request, ownHeaders);
  const readByAll = readsOfRules(all.request);
  const readBy = new Map<string, Reads>();
  for (const [name, own] of Object.entries(subgraphs)) {
    if (own.request.length === 0) continue;
    const rules = [...all.request, ...own.request];
    byName.set(name, compileList(rules, ownHeaders));
    readBy.set(name, readsOfRules(rules));
  }
  return {
    forSubgraph: (name) => byName.get(name) ?? forAll,
    ownHeaders,
    readsOf: (subgraph) => readBy.get(subgraph) ?? readByAll,
  };
}

function identityHeader({ insert }: RequestRule): string[] {
  const identifies = insert?.from_claim !== undefined || insert?.from_context !== undefined;
  return identifies ? [insert.name] : [];
}

function checkRename({ propagate, rename }: RequestRule, ownHeaders: readonly string[]): void {
  const target = propagate?.rename ?? rename?.to;
  if (target === undefined || !ownHeaders.map(withDashes).includes(withDashes(target))) return;
  const why = 'which another rule inserts to identify the client; the client could then forge it';
  throw new ConfigValueError(`headers: a rule renames a client header to "${target}", ${why}. Choose another name.`);
}

/** Returns what a list of rules reads. A header that only correlates requests does not count as long as it is sent as such. */
function readsOfRules(rules: readonly RequestRule[]): Reads {
  const isRenamed = rules.some(
    ({ rename }) => rename && CORRELATION_HEADERS.has(rename.named) && !CORRELATION_HEADERS.has(rename.to),
  );
  const isCorrelation = (name: string, sentAs = name) =>
    !isRenamed && CORRELATION_HEADERS.has(name) && CORRELATION_HEADERS.has(sentAs);
  const propagated = rules.flatMap(({ propagate }) => propagate ?? []);
  const inserted = rules.flatMap(({ insert }) => insert ?? []);
  const patterns = propagated.filter(({ matching }) => matching !== undefined).map(headerMatcher);
  return reads({
    headers: propagated.flatMap(({ named = [], rename }) => named.filter((name) => !isCorrelation(name, rename))),
    patterns: patterns.map((matches) => (name) => isForwardedByPattern(name) && !isCorrelation(name) && matches(name)),
    address: inserted.some(({ from_context }) => from_context === 'ip'),
    identity: inserted.some(
      ({ from_claim, from_context }) => from_claim !== undefined || READ_FROM_IDENTITY.has(from_context),
    ),
  });
}

const READ_FROM_IDENTITY: ReadonlySet<string | undefined> = new Set(
  CONTEXT_NAMES.filter((name) => name !== 'ip' && name !== 'request_id'),
);

function compileList(rules: readonly RequestRule[], ownHeaders: readonly string[]): ForwardHeaders | undefined {
  if (rules.length === 0) return undefined;
  // client headers never replace inserted ones, whatever the order of the rules
  const inserted = new Set(
    [...ownHeaders, ...rules.flatMap(({ insert }) => (insert ? [insert.name] : []))].map(withDashes),
  );
  const steps = rules.map((rule) => compileRule(rule, inserted));
  const removesTrace = rules.some(({ remove }) => remove && headerMatcher(remove)('traceparent'));
  const kinds = { correlation: correlationHeaders(rules), identityHeaders: identityHeaders(rules), removesTrace };
  const cache = new WeakMap<ClientContext, ForwardedHeaders>();
  return (client) => {
    const cached = cache.get(client);
    if (cached) return cached;
    const out: Outgoing = new Map();
    const mayPass = hopByHopFilter(client);
    for (const step of steps) step(client, out, mayPass);
    const forwarded = finish(out, kinds);
    cache.set(client, forwarded);
    return forwarded;
  };
}

/** Returns the headers that correlate requests, without those to which a rule gives another meaning. */
function correlationHeaders(rules: readonly RequestRule[]): ReadonlySet<string> {
  const ids = rules.flatMap(({ insert }) => (insert?.from_context === 'request_id' ? [insert.name] : []));
  const names = new Set([...CORRELATION_HEADERS, ...ids]);
  for (const { insert, propagate, rename } of rules) {
    if (insert && insert.from_context !== 'request_id') names.delete(insert.name);
    if (propagate?.rename !== undefined && !propagate.named?.every((name) => CORRELATION_HEADERS.has(name)))
      names.delete(propagate.rename);
    if (rename && !CORRELATION_HEADERS.has(rename.named)) names.delete(rename.to);
  }
  return names;
}

/** Returns the headers that identify the client, also under a name that a later rule gives them. */
function identityHeaders(rules: readonly RequestRule[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const rule of rules) {
    if (rule.insert?.from_context !== 'request_id') for (const name of identityHeader(rule)) names.add(name);
    if (rule.rename && names.has(rule.rename.named)) names.add(rule.rename.to);
  }
  return names;
}

/** Excludes headers that the client lists in `connection` (RFC 9110, section 7.6.1). */
function hopByHopFilter({ headers: { connection } }: ClientContext): (name: string) => boolean {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return isForwardable;
  const named = String(connection)
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return (name) => isForwardable(name) && !named.includes(name);
}

function isForwardable(name: string): boolean {
  return !isNeverForwarded(name);
}

function finish(out: Outgoing, kinds: HeaderKinds): ForwardedHeaders {
  const pairs: string[] = [];
  let sharingKey = '';
  for (const [name, value] of out) {
    pairs.push(name, value);
    // values have no line breaks, so different headers never give the same text
    if (!kinds.correlation.has(name)) sharingKey += `${name}:${value}\n`;
  }
  return { pairs, sharingKey, ...kinds };
}

/**
 * Normalises a name as many servers do: they read `x-user-id` and `x_user_id` as one variable, HTTP_X_USER_ID, and some
 * also `x-user.id`.
 */
function withDashes(name: string): string {
  return ODD.test(name) ? name.replaceAll(/[^a-z0-9]/g, '-') : name;
}

const ODD = /[^a-z0-9-]/;

function compileRule(rule: RequestRule, inserted: ReadonlySet<string>): Step {
  const { propagate, insert, remove, rename } = rule;
  if (propagate) return propagateStep(propagate, inserted);
  if (insert) return insertStep(insert);
  if (remove) return removeStep(headerMatcher(remove));
  return renameStep(rename as NonNullable<typeof rename>, inserted);
}

function propagateStep(rule: NonNullable<RequestRule['propagate']>, inserted: ReadonlySet<string>): Step {
  const { named, rename } = rule;
  if (named === undefined) {
    const matches = headerMatcher(rule);
    return ({ headers }, out, mayPass) => {
      for (const name in headers) {
        if (!matches(name) || !isForwardedByPattern(name) || inserted.has(withDashes(name)) || !mayPass(name)) continue;
        const value = singleValue(headers[name]);
        if (value !== undefined) out.set(name, value);
      }
    };
  }
  const passed = named.map((from) => ({ from, to: rename ?? from })).filter(({ to }) => !inserted.has(withDashes(to)));
  return ({ headers }, out, mayPass) => {
    for (const { from, to } of passed) {
      const value = (mayPass(from) ? singleValue(headers[from]) : undefined) ?? rule.default;
      if (value !== undefined) out.set(to, value);
    }
  };
}

/** Returns the value of a client header. The HTTP parser has validated its characters. */
function singleValue(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function insertStep(rule: NonNullable<RequestRule['insert']>): Step {
  const { name, value, from_claim, from_context } = rule;
  if (value !== undefined) return (_client, out) => out.set(name, value);
  const read: (client: ClientContext) => string | undefined = from_context
    ? (client) => contextValue(client, from_context)
    : ({ identity }) => identityValue(identity, from_claim ?? '');
  return (client, out) => {
    const text = read(client) ?? rule.default;
    if (text === undefined) out.delete(name);
    else out.set(name, text);
  };
}

function removeStep(matches: HeaderMatcher): Step {
  return (_client, out) => {
    for (const name of [...out.keys()]) if (matches(name)) out.delete(name);
  };
}

function renameStep({ named, to }: NonNullable<RequestRule['rename']>, inserted: ReadonlySet<string>): Step {
  return (_client, out) => {
    const value = out.get(named);
    if (value === undefined || inserted.has(withDashes(to))) return;
    out.delete(named);
    out.set(to, value);
  };
}
