import type { Endpoint } from '../endpoints/endpoints.ts';

type Versioned = Pick<Endpoint, 'version' | 'settings'>;

/** Returns whether an endpoint is served: those of disabled versions are not. */
export function isIncluded({ version, settings }: Versioned): boolean {
  return version === undefined || settings.versions[version]?.enabled !== false;
}

/** Returns the deprecation notice of an endpoint; `undefined` where it is not deprecated. */
export function deprecationOf({ version, settings }: Versioned): string | undefined {
  const { deprecated, sunset, link } = (version === undefined ? settings : settings.versions[version]) ?? {};
  if (deprecated === undefined) return undefined;
  const end = sunset === undefined ? '' : ` It will be removed on ${new Date(sunset).toISOString().slice(0, 10)}.`;
  const since = new Date(deprecated).toISOString().slice(0, 10);
  return `Deprecated since ${since}.${end}${link === undefined ? '' : ` See ${link}`}`;
}
