import type { Config } from '../config/config.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import type { SettingPath } from './unknown-subgraphs.ts';

/** A setting about TLS of a subgraph that has no https:// URL. */
export interface PlainSetting {
  readonly path: SettingPath;
  readonly message: string;
  readonly hint: string;
}

/** Returns the settings of single subgraphs that have no effect without TLS, where no URL of the subgraph is https://. */
export function settingsWithoutTls(config: Config, subgraphs: readonly Subgraph[]): PlainSetting[] {
  const { tls, traffic_shaping } = config;
  return subgraphs.flatMap((subgraph) => {
    const { name, inProcess } = subgraph;
    if (inProcess?.kind === 'rest') return [];
    const urls = urlsOf(config, subgraph);
    // a URL with a variable may become any URL
    if (!urls.every((url) => /^(?:http|unix):/.test(url))) return [];
    const message = `has no effect: the URL of "${name}" is ${urls[0]}, without TLS.`;
    const found: PlainSetting[] = [];
    if (own(tls.subgraph?.subgraphs, name) !== undefined)
      found.push({ path: ['tls', 'subgraph', 'subgraphs', name], message, hint: 'Write https:// in the URL.' });
    if (own(traffic_shaping.subgraphs, name)?.http2 === 'enable') {
      const hint = 'Write https:// in the URL, or `http2only` for HTTP/2 without TLS.';
      found.push({ path: ['traffic_shaping', 'subgraphs', name, 'http2'], message, hint });
    }
    return found;
  });
}

function urlsOf({ subgraphs }: Config, { name, url }: Subgraph): string[] {
  const settings = own(subgraphs, name);
  const endpoints = [settings?.urls, ...(settings?.variants ?? []).map(({ urls }) => urls)];
  const listed = endpoints.flatMap((urls) => urls ?? []).map((endpoint) => endpoint.url);
  if (settings?.urls === undefined) listed.unshift(settings?.url ?? url);
  return settings?.mirror === undefined ? listed : [...listed, settings.mirror.url];
}

function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}
