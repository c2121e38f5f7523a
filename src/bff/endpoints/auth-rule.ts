import type { Identity } from '../../client/identity.ts';
import type { Problem } from '../../config/problem.ts';
import type { ClientSettings } from './client-file.ts';
import { directiveNamed, settingsOf } from './directives.ts';
import type { EndpointFile } from './endpoint-file.ts';
import { problemAt } from './problem-at.ts';

/** Who may call an endpoint. */
export interface AuthRule {
  readonly required: boolean;
  /** Accepted kinds of credentials; `undefined`: all. */
  readonly kinds: ReadonlySet<string> | undefined;
  /** Required scopes, all of them. */
  readonly scopes: readonly string[];
}

const KINDS: readonly Identity['kind'][] = ['jwt', 'api_key', 'opaque', 'certificate', 'session', 'plugin'];

/**
 * Returns who may call an endpoint: its own rule takes precedence over that of its client; scopes of both are required.
 * @returns `undefined` where everyone may call it; problems where the rule is invalid
 */
export function authRule(file: EndpointFile, client: ClientSettings): AuthRule | undefined | Problem[] {
  const directive = directiveNamed(file.operation, 'endpoint');
  const own = settingsOf(directive, 'auth');
  const given = Object.keys(own).length > 0;
  if (!given && client.auth === undefined) return undefined;
  const kinds = listOf(own.kinds) ?? client.auth?.kinds;
  const unknown = kinds?.find((kind) => !KINDS.some((known) => known === kind));
  if (unknown !== undefined) {
    const message = `Unknown kind of credential "${unknown}".`;
    return [problemAt(file.file, directive, 'ENDPOINT_AUTH', message, `Use one of ${KINDS.join(', ')}.`)];
  }
  const required = own.required ?? (given || client.auth?.required);
  return {
    required: required === true,
    kinds: kinds && new Set(kinds),
    scopes: [...new Set([...(client.auth?.scopes ?? []), ...(listOf(own.scopes) ?? [])])],
  };
}

function listOf(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  return (Array.isArray(value) ? value : [value]).map(String);
}
