import type { IncomingHttpHeaders } from 'node:http';
import type { Reads } from '../client/depends-on.ts';
import type { ClientInfo, Identity } from '../client/identity.ts';

/** The request that plugins see, and may change. */
export interface RequestFacts {
  readonly requestId: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** To be called before a header changes. */
  headersWillChange(): void;
  readonly client: Pick<ClientInfo, 'ip' | 'identity'>;
  /** Whether the body is streamed, so that it cannot be read as a whole. */
  readonly hasStreamedBody: boolean;
  /** Reads the body as text, decoded. */
  readBody(): Promise<string>;
  /** Replaces the body for everything that reads it later. */
  setBody(text: string): void;
  /** Changes who the client is. */
  setIdentity(identity: Identity): void;
}

/** The HTTP request, as one plugin sees it. Reading what the plugin's `reads` does not declare throws a `TypeError`. */
export class PluginRequest {
  readonly headers: PluginHeaders;
  readonly #facts: RequestFacts;
  readonly #declared: Reads | undefined;

  /** @param declared what the plugin may read; anything where it is missing */
  constructor(facts: RequestFacts, declared: Reads | undefined) {
    this.#facts = facts;
    this.#declared = declared;
    this.headers = new PluginHeaders(facts, declared);
  }

  /** The id of the request, as in `x-request-id` and in the log. */
  get id(): string {
    return this.#facts.requestId;
  }

  get method(): string {
    return this.#facts.method;
  }

  /** Path and query: `/graphql`. */
  get url(): string {
    return this.#facts.url;
  }

  /** The address of the client, behind trusted proxies. */
  get ip(): string {
    if (this.#declared?.address === false) throw undeclared('the address of the client', 'address: true');
    return this.#facts.client.ip;
  }

  /** Who the client is; `undefined` for anonymous clients, and before authentication. */
  get identity(): Identity | undefined {
    if (this.#declared?.identity === false) throw undeclared('who the client is', 'claims: true');
    return this.#facts.client.identity;
  }

  /** Whether the body is streamed: it has the content type multipart/form-data, as requests with files. */
  get hasStreamedBody(): boolean {
    return this.#facts.hasStreamedBody;
  }

  /**
   * Reads the whole body: text, empty where there is none. In `onRequest` and `onAuthenticate` only. Rejects with a `GatewayError` for a
   * body that is too large, cannot be decoded or is streamed.
   */
  readBody(): Promise<string> {
    return this.#facts.readBody();
  }

  /** Replaces the body, before anything reads it. In `onRequest` and `onAuthenticate` only. */
  setBody(text: string): void {
    if (typeof text !== 'string') throw new TypeError('The body of a request must be a text.');
    this.#facts.setBody(text);
  }
}

/** The headers of a request. Names are not case-sensitive. */
export class PluginHeaders {
  readonly #facts: RequestFacts;
  readonly #declared: Reads | undefined;

  constructor(facts: RequestFacts, declared: Reads | undefined) {
    this.#facts = facts;
    this.#declared = declared;
  }

  /** Returns the value of a header; `null` where the request does not have it. */
  get(name: string): string | null {
    const value = this.#valueOf(this.#read(name));
    if (value === undefined) return null;
    return Array.isArray(value) ? value.join(', ') : value;
  }

  has(name: string): boolean {
    return this.#valueOf(this.#read(name)) !== undefined;
  }

  /** Returns all headers, names in lower case, each with a list of values. Only for plugins without `reads`. */
  all(): Record<string, string[]> {
    if (this.#declared !== undefined)
      throw new TypeError('The plugin reads all headers of the request, which its "reads" cannot declare. Remove it.');
    const pairs = Object.entries(this.#facts.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat()] as const],
    );
    return Object.fromEntries(pairs);
  }

  #valueOf(key: string): string | string[] | undefined {
    return Object.hasOwn(this.#facts.headers, key) ? this.#facts.headers[key] : undefined;
  }

  /** Sets a header for everything that comes later: authentication, header rules, policies. Throws a `TypeError` for an invalid one. */
  set(name: string, value: string): void {
    const headers = new Headers({ [name]: value });
    this.#facts.headersWillChange();
    for (const [key, checked] of headers) this.#facts.headers[key] = checked;
  }

  delete(name: string): void {
    this.#facts.headersWillChange();
    delete this.#facts.headers[name.toLowerCase()];
  }

  #read(name: string): string {
    const key = name.toLowerCase();
    if (this.#declared !== undefined && !this.#declared.headers.has(key))
      throw undeclared(`the header "${key}"`, key === 'cookie' ? 'cookies: true' : `headers: ['${key}']`);
    return key;
  }
}

function undeclared(what: string, missing: string): TypeError {
  return new TypeError(`The plugin reads ${what}, which its "reads" does not declare. Add { ${missing} } to it.`);
}
