import type { ServerResponse } from 'node:http';
import type { ReturnedHeaders } from '../../client/identity.ts';
import { isNeverReturned, isReturnedByPattern } from '../../config/header.ts';
import type { HeaderSettings, ResponseRule } from '../../config/sections/headers.ts';
import type { Source } from '../../sources/source.ts';
import { isOwnCookie } from '../login/cookies.ts';
import { headerText } from './header-value.ts';
import { type Choose, chooser } from './name-pattern.ts';

/** The rules by which headers of subgraph answers become headers of the client's answer. */
export interface ResponseHeaders {
  /** For the answer to one client, or to several who share it. */
  gather(): GatheredHeaders;
  /** Whether cookies are passed on: answers with cookies are each client's own. */
  readonly passesCookies: boolean;
}

type Algorithm = NonNullable<ResponseRule['propagate']>['algorithm'];

interface Collected {
  readonly name: string;
  readonly value: string;
  readonly algorithm: Algorithm;
}

type Step = (pairs: readonly string[], collected: Collected[]) => Collected[];

interface Rules {
  readonly steps: readonly Step[];
  /** Values for names that no answer had. */
  readonly defaults: readonly (readonly [name: string, value: string])[];
}

/** `undefined` without any rule. */
export function compileResponseHeaders({ all, subgraphs }: HeaderSettings): ResponseHeaders | undefined {
  const lists = Object.entries(subgraphs).map(([name, own]) => [name, own.response] as const);
  const every = [...all.response, ...lists.flatMap(([, rules]) => rules)];
  if (every.length === 0) return undefined;
  const forAll = compileRules(all.response);
  const byName = new Map(lists.map(([name, own]) => [name, compileRules([...all.response, ...own])] as const));
  return {
    gather: () => new GatheredHeaders((subgraph) => byName.get(subgraph) ?? forAll),
    passesCookies: every.some(({ propagate, insert }) => {
      if (insert !== undefined) return insert.name === 'set-cookie';
      if (propagate === undefined) return false;
      return propagate.rename === 'set-cookie' || chooser(propagate)('set-cookie');
    }),
  };
}

/** Hands the headers of each answer to the client request that it is for. To be the outermost layer round a source. */
export function returnHeaders(source: Source): Source {
  return {
    name: source.name,
    send(request, done) {
      source.send(request, (answer) => {
        if (answer.kind === 'text' && answer.headers) request.client.returned?.receive(source.name, answer.headers);
        done(answer);
      });
    },
    close: () => source.close(),
  };
}

/** What the answer to a client gets of the answers of subgraphs, in the order in which they come. */
export class GatheredHeaders implements ReturnedHeaders {
  readonly #rulesFor: (subgraph: string) => Rules;
  readonly #collected = new Map<string, Merged>();
  readonly #defaults = new Map<string, string>();
  #live: ServerResponse | undefined;

  constructor(rulesFor: (subgraph: string) => Rules) {
    this.#rulesFor = rulesFor;
  }

  receive(subgraph: string, pairs: readonly string[]): void {
    const { steps, defaults } = this.#rulesFor(subgraph);
    for (const [name, value] of defaults) this.#defaults.set(name, value);
    let collected: Collected[] = [];
    for (const step of steps) collected = step(pairs, collected);
    for (const one of collected) merge(this.#collected, one);
    if (this.#live) this.writeTo(this.#live);
  }

  /** Writes what there is, and what still comes, into an answer that others send. */
  follow(res: ServerResponse): this {
    this.#live = res;
    return this;
  }

  writeTo(res: ServerResponse): void {
    if (res.headersSent) return;
    for (const [name, value] of this.#defaults) if (!this.#collected.has(name)) writeHeader(res, name, value);
    for (const [name, { value }] of this.#collected) writeHeader(res, name, value);
  }

  /** As it is now. Others may share this one, and must not get what is added for one of them. */
  copy(): GatheredHeaders {
    const copy = new GatheredHeaders(this.#rulesFor);
    copy.add(this);
    return copy;
  }

  /** Adds what another operation of the same request gathered, as if its subgraphs had answered after those of this one. */
  add(other: GatheredHeaders): void {
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

function merge(collected: Map<string, Merged>, { name, value, algorithm }: Collected): void {
  const before = collected.get(name)?.value;
  // cookies of several subgraphs are several cookies; to join them with commas would break them (RFC 6265, section 3)
  if (name === 'set-cookie') collected.set(name, { algorithm, value: [...(before ?? []), value] });
  else if (before === undefined || (algorithm === 'last' && name !== 'vary')) collected.set(name, { algorithm, value });
  // a response depends on all that any of its parts depends on
  else if (algorithm === 'append' || name === 'vary') collected.set(name, { algorithm, value: `${before}, ${value}` });
}

/** What the gateway itself says of `vary`, for CORS, stays. */
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
  return removeStep(chooser(remove ?? {}));
}

function propagateStep(rule: NonNullable<ResponseRule['propagate']>): Step {
  const chooses = chooser(rule);
  const { rename, algorithm } = rule;
  const mayPass = passes(rule);
  return (pairs, collected) => {
    // several lines of one name in one answer are one value (RFC 9110, section 5.3)
    const found = new Map<string, string[]>();
    const ofConnection = namedByConnection(pairs);
    for (let at = 0; at < pairs.length; at += 2) {
      const name = pairs[at] as string;
      if (!chooses(name) || !mayPass(name) || ofConnection?.includes(name)) continue;
      const value = headerText(pairs[at + 1]);
      if (value === undefined || (name === 'set-cookie' && isOwnCookie(value))) continue;
      const values = found.get(name);
      if (values) values.push(value);
      else found.set(name, [value]);
    }
    const added: Collected[] = [];
    for (const [from, values] of found) {
      const name = rename ?? from;
      const whole = name === 'set-cookie' ? values : [values.join(', ')];
      for (const value of whole) added.push({ name, value, algorithm });
    }
    return [...collected, ...added];
  };
}

/** What a rule names is checked when it is read, unless it is returned under another name. */
function passes({ matching, rename }: NonNullable<ResponseRule['propagate']>): (name: string) => boolean {
  if (matching !== undefined) return isReturnedByPattern;
  return rename === undefined ? (name) => !isNeverReturned(name) : () => true;
}

/** RFC 9110, section 7.6.1: a subgraph names in `connection` what is not to be passed on. */
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

function removeStep(chooses: Choose): Step {
  return (_pairs, collected) => collected.filter(({ name }) => !chooses(name));
}
