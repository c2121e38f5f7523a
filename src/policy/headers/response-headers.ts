import type { ServerResponse } from 'node:http';
import type { ReturnedHeaders } from '../../client/identity.ts';
import { isNeverReturned, isReturnedByPattern } from '../../config/header.ts';
import type { HeaderSettings, ResponseRule } from '../../config/sections/headers.ts';
import type { Source } from '../../sources/source.ts';
import { isLoginCookie } from '../login/cookies.ts';
import { headerText } from './header-value.ts';
import { type HeaderMatcher, headerMatcher } from './name-pattern.ts';

/** The compiled rules for passing headers of subgraph responses on to the client. */
export interface ResponseHeaders {
  /** Creates a collector for one client response, or for one that several requests share. */
  collect(): CollectedHeaders;
  /** Whether cookies are passed on. Responses with cookies are not shared between clients. */
  readonly passesCookies: boolean;
}

type Algorithm = NonNullable<ResponseRule['propagate']>['algorithm'];

interface CollectedHeader {
  readonly name: string;
  readonly value: string;
  readonly algorithm: Algorithm;
}

type Step = (pairs: readonly string[], collected: CollectedHeader[]) => CollectedHeader[];

interface Rules {
  readonly steps: readonly Step[];
  /** Values for headers that no subgraph response has. */
  readonly defaults: readonly (readonly [name: string, value: string])[];
}

/** Compiles the rules; returns `undefined` if there are none. */
export function compileResponseHeaders({ all, subgraphs }: HeaderSettings): ResponseHeaders | undefined {
  const lists = Object.entries(subgraphs).map(([name, own]) => [name, own.response] as const);
  const every = [...all.response, ...lists.flatMap(([, rules]) => rules)];
  if (every.length === 0) return undefined;
  const forAll = compileRules(all.response);
  const byName = new Map(lists.map(([name, own]) => [name, compileRules([...all.response, ...own])] as const));
  return {
    collect: () => new CollectedHeaders((subgraph) => byName.get(subgraph) ?? forAll),
    passesCookies: every.some(({ propagate, insert }) => {
      if (insert !== undefined) return insert.name === 'set-cookie';
      if (propagate === undefined) return false;
      return propagate.rename === 'set-cookie' || headerMatcher(propagate)('set-cookie');
    }),
  };
}

/** Wraps a source: passes the headers of each response to its client request. Must be the outermost layer of a source. */
export function returnHeaders(source: Source): Source {
  return {
    name: source.name,
    send(request, done) {
      source.send(request, (response) => {
        if (response.kind !== 'failure' && response.headers)
          request.client.returned?.receive(source.name, response.headers);
        done(response);
      });
    },
    close: () => source.close(),
  };
}

/** Collects headers of subgraph responses for one client response, in the order in which the responses arrive. */
export class CollectedHeaders implements ReturnedHeaders {
  readonly #rulesFor: (subgraph: string) => Rules;
  readonly #collected = new Map<string, Merged>();
  readonly #defaults = new Map<string, string>();
  #response: ServerResponse | undefined;

  constructor(rulesFor: (subgraph: string) => Rules) {
    this.#rulesFor = rulesFor;
  }

  receive(subgraph: string, pairs: readonly string[]): void {
    const { steps, defaults } = this.#rulesFor(subgraph);
    for (const [name, value] of defaults) this.#defaults.set(name, value);
    let collected: CollectedHeader[] = [];
    for (const step of steps) collected = step(pairs, collected);
    for (const one of collected) merge(this.#collected, one);
    if (this.#response) this.writeTo(this.#response);
  }

  /** Writes the headers collected so far, and each one that follows, to a response that another component sends. */
  follow(res: ServerResponse): this {
    this.#response = res;
    return this;
  }

  writeTo(res: ServerResponse): void {
    if (res.headersSent) return;
    for (const [name, value] of this.#defaults) if (!this.#collected.has(name)) writeHeader(res, name, value);
    for (const [name, { value }] of this.#collected) writeHeader(res, name, value);
  }

  /** Returns a copy. Requests that share this collector must not get headers that are added for one of them. */
  copy(): CollectedHeaders {
    const copy = new CollectedHeaders(this.#rulesFor);
    copy.add(this);
    return copy;
  }

  /** Adds the headers of another operation of the same request, as if its subgraph responses had arrived later. */
  add(other: CollectedHeaders): void {
    for (const [name, value] of other.#defaults) this.#defaults.set(name, value);
    for (const [name, { value, algorithm }] of other.#collected)
      for (const one of typeof value === 'string' ? [value] : value)
        merge(this.#collected, { name, value: one, algorithm });
  }
}

interface Merged {
  readonly value: string | readonly string[];
  readonly algorithm: Algorithm;
}

function merge(collected: Map<string, Merged>, { name, value, algorithm }: CollectedHeader): void {
  const before = collected.get(name)?.value;
  // cookies of several subgraphs stay separate, since commas would break them (RFC 6265, section 3)
  if (name === 'set-cookie') collected.set(name, { algorithm, value: [...(before ?? []), value] });
  else if (before === undefined || (algorithm === 'last' && name !== 'vary')) collected.set(name, { algorithm, value });
  // a response varies with everything that one of its parts varies with
  else if (algorithm === 'append' || name === 'vary') collected.set(name, { algorithm, value: `${before}, ${value}` });
}

/** Sets a header; values of `vary` are added to those that the gateway has set for CORS. */
function writeHeader(res: ServerResponse, name: string, value: string | readonly string[]): void {
  const own = name === 'vary' ? res.getHeader(name) : undefined;
  if (own === undefined) return void res.setHeader(name, value);
  const names = `${own}, ${value}`.split(',').map((one) => one.trim().toLowerCase());
  res.setHeader(name, [...new Set(names)].filter((one) => one !== '').join(', '));
}

function compileRules(rules: readonly ResponseRule[]): Rules {
  const defaults = rules.flatMap(({ propagate }) => {
    const name = propagate?.rename ?? propagate?.named?.[0];
    return propagate?.default === undefined || name === undefined ? [] : [[name, propagate.default] as const];
  });
  return { steps: rules.map(compileRule), defaults };
}

function compileRule({ propagate, insert, remove }: ResponseRule): Step {
  if (propagate) return propagateStep(propagate);
  if (insert) return (_pairs, collected) => [...collected, { ...insert, algorithm: 'last' }];
  return removeStep(headerMatcher(remove ?? {}));
}

function propagateStep(rule: NonNullable<ResponseRule['propagate']>): Step {
  const matches = headerMatcher(rule);
  const { rename, algorithm } = rule;
  const mayPass = passes(rule);
  return (pairs, collected) => {
    // several lines with one name are one value (RFC 9110, section 5.3)
    const found = new Map<string, string[]>();
    const ofConnection = namedByConnection(pairs);
    for (let at = 0; at < pairs.length; at += 2) {
      const name = pairs[at] as string;
      if (!matches(name) || !mayPass(name) || ofConnection?.includes(name)) continue;
      const value = headerText(pairs[at + 1]);
      if (value === undefined || (name === 'set-cookie' && isLoginCookie(value))) continue;
      const values = found.get(name);
      if (values) values.push(value);
      else found.set(name, [value]);
    }
    const added: CollectedHeader[] = [];
    for (const [from, values] of found) {
      const name = rename ?? from;
      const whole = name === 'set-cookie' ? values : [values.join(', ')];
      for (const value of whole) added.push({ name, value, algorithm });
    }
    return [...collected, ...added];
  };
}

/** Returns which headers may be passed on. A name in a rule is checked with the config, unless the rule renames it. */
function passes({ matching, rename }: NonNullable<ResponseRule['propagate']>): (name: string) => boolean {
  if (matching !== undefined) return isReturnedByPattern;
  return rename === undefined ? (name) => !isNeverReturned(name) : () => true;
}

/** Returns the headers that a subgraph lists in `connection`, which are not passed on (RFC 9110, section 7.6.1). */
function namedByConnection(pairs: readonly string[]): readonly string[] | undefined {
  let names: string[] | undefined;
  for (let at = 0; at < pairs.length; at += 2) {
    if (pairs[at] !== 'connection') continue;
    const value = pairs[at + 1] as string;
    if (value === 'keep-alive' || value === 'close') continue;
    names = [...(names ?? []), ...value.split(',').map((name) => name.trim().toLowerCase())];
  }
  return names;
}

function removeStep(matches: HeaderMatcher): Step {
  return (_pairs, collected) => collected.filter(({ name }) => !matches(name));
}
