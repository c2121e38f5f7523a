import type { Env } from './expand.ts';
import { headerName, headerValue } from './header.ts';
import { hasNoCredentials, isHttpUrl } from './http-url.ts';

/** Reports that a variable cannot be used. */
export type Complain = (variable: string, message: string, hint: string) => void;

type Signal = 'TRACES' | 'METRICS';

/**
 * Reads the standard variables of OpenTelemetry for one signal. One for the signal comes before one for all of them. An empty variable counts as
 * unset. A value that cannot be used is reported, never shown: it may be a secret.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export class OtelVariables {
  readonly #env: Env;
  readonly #complain: Complain;
  /** The prefixes of variables of exporters; the first one that is set counts. */
  readonly #prefixes: readonly string[];

  constructor(env: Env, signal: Signal, complain: Complain) {
    this.#env = env;
    this.#complain = complain;
    this.#prefixes = [`OTEL_EXPORTER_OTLP_${signal}_`, 'OTEL_EXPORTER_OTLP_'];
  }

  get isDisabled(): boolean {
    return this.text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true';
  }

  text(variable: string): string | undefined {
    const text = this.#env[variable]?.trim();
    return text === '' ? undefined : text;
  }

  /**
   * Returns the URL of the collector.
   * @param path added to the URL for all signals; that for one signal is used as it is
   */
  endpoint(path: string): string | undefined {
    const variable = this.#find('ENDPOINT');
    const text = variable && this.text(variable);
    if (variable === undefined || text === undefined) return undefined;
    if (!isHttpUrl(text))
      this.#complain(
        variable,
        'This is no http:// or https:// URL.',
        'Use the URL of a collector, such as http://localhost:4318.',
      );
    else if (!hasNoCredentials(text))
      this.#complain(variable, 'The URL has a user or a password.', 'Send them in OTEL_EXPORTER_OTLP_HEADERS.');
    else return variable === `${this.#prefixes[0]}ENDPOINT` ? text : text.replace(/\/$/, '') + path;
    return undefined;
  }

  /** Returns the value of a variable of exporters, such as `PROTOCOL`, which has to be one of several. */
  oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const variable = this.#find(name);
    if (variable === undefined) return undefined;
    const text = this.text(variable);
    const value = values.find((one) => one === text);
    if (value === undefined)
      this.#complain(variable, `"${text}" is not supported.`, `Use one of ${values.join(', ')}.`);
    return value;
  }

  timeout(): number | undefined {
    const variable = this.#find('TIMEOUT');
    return variable === undefined ? undefined : this.count(variable, 'a number of milliseconds');
  }

  /** @param what for the message */
  count(variable: string, what = 'a whole number'): number | undefined {
    const text = this.text(variable);
    if (text === undefined) return undefined;
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    this.#complain(variable, `"${text}" is not ${what}.`, 'Use a whole number greater than zero.');
    return undefined;
  }

  /** Returns headers, names in lower case. */
  headers(): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const variable of this.#prefixes.map((prefix) => `${prefix}HEADERS`).reverse())
      for (const [name, value] of Object.entries(this.#pairs(variable)))
        if (headerName.safeParse(name).success && headerValue.safeParse(value).success)
          headers[name.toLowerCase()] = value;
        else
          this.#complain(variable, 'An entry is no valid header.', 'Use name=value,name=value, with names of headers.');
    return headers;
  }

  /** Returns the name of the service, and attributes of the process without that name. */
  resource(): { readonly name: string | undefined; readonly attributes: Readonly<Record<string, string>> } {
    const { 'service.name': name, ...attributes } = this.#pairs('OTEL_RESOURCE_ATTRIBUTES');
    return { name: this.text('OTEL_SERVICE_NAME') ?? name, attributes };
  }

  /** Returns the name of the variable that is set, if one is. */
  #find(name: string): string | undefined {
    return this.#prefixes.map((prefix) => prefix + name).find((variable) => this.text(variable) !== undefined);
  }

  /** Reads `a=1,b=2`, with values that are encoded as in URLs. */
  #pairs(variable: string): Record<string, string> {
    const pairs: Record<string, string> = {};
    for (const pair of this.text(variable)?.split(',') ?? []) {
      if (pair.trim() === '') continue;
      const at = pair.indexOf('=');
      const name = pair.slice(0, at).trim();
      const value = at < 1 || name === '' ? undefined : decoded(pair.slice(at + 1).trim());
      if (value !== undefined) pairs[name] = value;
      else {
        const hint = 'Use name=value,name=value, with values encoded as in URLs.';
        this.#complain(variable, 'This is no list of pairs.', hint);
        return {};
      }
    }
    return pairs;
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
