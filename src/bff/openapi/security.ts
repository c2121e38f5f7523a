import type { Endpoint } from '../endpoints/endpoints.ts';
import type { AcceptedCredentials } from '../handlers/challenge.ts';
import type { DocumentSettings } from './document-settings.ts';
import { pascalCase } from './names.ts';

type Json = Readonly<Record<string, unknown>>;
type Secured = Pick<Endpoint, 'client' | 'auth' | 'parameters'>;

/** Context of security requirements. */
export interface SecurityContext {
  readonly acceptedCredentials: AcceptedCredentials;
  readonly settings: DocumentSettings;
  /** Whether the document has endpoints of one client only. */
  readonly ofOneClient: boolean;
}

/** Returns whether an endpoint requires a credential. */
export function needsCredential({ auth, parameters }: Pick<Secured, 'auth' | 'parameters'>): boolean {
  if (auth?.required || (auth?.scopes.length ?? 0) > 0) return true;
  return parameters.some((parameter) => parameter.in === 'claim' && parameter.required);
}

/**
 * Returns the security requirements that the gateway enforces: one for each accepted kind of credential, and an empty one
 * where a credential is optional. Returns `undefined` where the document's own requirements apply.
 */
export function securityOf(endpoint: Secured, context: SecurityContext): readonly Json[] | undefined {
  const readsClaims = endpoint.parameters.some((parameter) => parameter.in === 'claim');
  if (endpoint.auth === undefined && !readsClaims) return context.settings.security ? undefined : [];
  const scopes = [...(endpoint.auth?.scopes ?? [])];
  const schemes = schemesOf(endpoint, context).map((scheme) => ({ [scheme]: scopes }));
  return needsCredential(endpoint) ? schemes : [{}, ...schemes];
}

function schemesOf({ client, auth }: Secured, context: SecurityContext): string[] {
  const { acceptedCredentials } = context;
  const kinds = auth?.kinds;
  const schemes: string[] = [];
  if (kinds === undefined ? acceptedCredentials.tokens : kinds.has('jwt') || kinds.has('opaque'))
    schemes.push('bearer');
  if (kinds === undefined ? acceptedCredentials.apiKeys : kinds.has('api_key')) schemes.push('apiKey');
  if (kinds === undefined ? acceptedCredentials.logins.has(client) : kinds.has('session'))
    schemes.push(sessionOf(client, context));
  if (kinds?.has('certificate')) schemes.push('certificate');
  return schemes.length > 0 ? schemes : ['bearer'];
}

/** Returns the name of the session scheme: each client has its own sessions. */
function sessionOf(client: string, { ofOneClient }: SecurityContext): string {
  return ofOneClient ? 'session' : `session${pascalCase(client)}`;
}

/** Returns the security schemes that a document refers to. */
export function securitySchemesOf(endpoints: readonly Secured[], context: SecurityContext): Json {
  const { settings } = context;
  const known: Record<string, unknown> = {
    bearer: { type: 'http', scheme: 'bearer' },
    apiKey: { type: 'apiKey', in: 'header', name: settings.apiKeyHeader ?? 'x-api-key' },
    certificate: { type: 'mutualTLS' },
  };
  for (const { client } of endpoints) {
    const name = settings.sessionCookies?.get(client) ?? `headgate-${client}`;
    known[sessionOf(client, context)] = { type: 'apiKey', in: 'cookie', name };
  }
  Object.assign(known, settings.securitySchemes);
  const requirements = [...endpoints.flatMap((one) => securityOf(one, context) ?? []), ...(settings.security ?? [])];
  const used = new Set(requirements.flatMap((requirement) => Object.keys(requirement)));
  return Object.fromEntries(Object.entries(known).filter(([name]) => used.has(name)));
}
