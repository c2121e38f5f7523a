import type { Identity } from '../../../src/client/identity.ts';
import type { SingleResult } from '../../../src/pipeline/execution-result.ts';
import {
  type AuthorizationOptions,
  createAuthorizationPolicy,
} from '../../../src/policy/authorization/authorization-policy.ts';
import { createWorld, type RecordedRequest, type WorldSubgraph } from '../../worlds/world.ts';

/** A client with a verified token. */
export function identity(scopes = '', claims: Record<string, unknown> = {}): Identity {
  return { kind: 'jwt', subject: 'ann', scopes: scopes.split(' ').filter(Boolean), claims };
}

export interface Asked
  extends Pick<SingleResult, 'dataText' | 'errors' | 'extensions' | 'refusal' | 'status' | 'headers'> {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  readonly data: any;
  /** Paths of the errors, `users.iban`. */
  readonly paths: readonly string[];
  readonly requests: readonly RecordedRequest[];
}

/** Subgraphs behind the policy; `ask` sends a query as some client. */
export function guardedWorld(subgraphs: Record<string, WorldSubgraph>, options: AuthorizationOptions = {}) {
  const world = createWorld({ subgraphs, engine: { policies: [createAuthorizationPolicy(options)] } });
  return {
    world,
    async ask(query: string, who?: Identity, variables?: Record<string, unknown>): Promise<Asked> {
      const before = world.requests.length;
      const client = { requestId: 'r1', headers: {}, identity: who };
      const answer = await world.engine.execute({ query, variables, client });
      return {
        ...answer,
        dataText: answer.dataText,
        data: answer.dataText === undefined ? undefined : JSON.parse(answer.dataText),
        paths: answer.errors.map(({ path }) => path?.join('.') ?? ''),
        requests: world.requests.slice(before),
      };
    },
  };
}
