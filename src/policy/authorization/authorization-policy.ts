import { LRUCache } from 'lru-cache';
import type { Identity } from '../../client/identity.ts';
import { fieldPlaces } from '../../operation/field-places.ts';
import type { Operation, OpField, OpSelection } from '../../operation/operation.ts';
import { selectsField } from '../../operation/selects-field.ts';
import type {
  CheckedRequest,
  DroppedField,
  FieldRefusal,
  OperationCheck,
  OperationPolicy,
  PolicyDecision,
} from '../../pipeline/operation-policy.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import { type Clause, isMet } from './clause.ts';
import type { GrantedPolicies } from './granted-policies.ts';
import { Requirements } from './requirements.ts';

type Client = CheckedRequest['client'];

export interface AuthorizationOptions {
  /** Decides the policies that an operation's `@policy` directives name; without it none is met. */
  readonly grantedPolicies?: GrantedPolicies | undefined;
  /** Policies are decided for each request by what it is, as a module does: identical requests then do not share. */
  readonly decidesEach?: boolean;
  /** An operation with a field that may not be read is refused as a whole. */
  readonly reject?: boolean;
  /** Fields that may not be read are told of, in extensions, but read. */
  readonly dryRun?: boolean;
  /** Where clients are told. Default: in `errors`. */
  readonly tellIn?: 'errors' | 'extensions' | 'disabled';
  /** Called for each request with fields that it may not read, with their paths. */
  readonly onUnauthorized?: ((paths: readonly string[], client: Client) => void) | undefined;
}

/** What an operation asks of its clients: the clauses that matter, and which of them each field needs. */
interface Guarded {
  readonly operation: Operation;
  readonly clauses: readonly Clause[];
  /** Indexes into `clauses`. */
  readonly needs: ReadonlyMap<OpField, readonly number[]>;
  /** Names of policies that some clause needs. */
  readonly policies: readonly string[];
}

/** An operation is judged once for each set of clauses that clients meet; this many judgements are kept. */
const JUDGEMENTS_KEPT = 64;

const REFUSED: FieldRefusal = {
  message: 'Unauthorized field or type',
  extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
};

/**
 * Enforces `@authenticated`, `@requiresScopes` and `@policy`. What each field needs is worked out when an operation is
 * prepared; a request is then judged by which of these few clauses its client meets.
 */
export function createAuthorizationPolicy(options: AuthorizationOptions = {}): OperationPolicy {
  const requirements = new WeakMap<Supergraph, Requirements | undefined>();
  const requirementsOf = (supergraph: Supergraph): Requirements | undefined => {
    if (!requirements.has(supergraph)) {
      const read = new Requirements(supergraph);
      requirements.set(supergraph, read.areThereAny ? read : undefined);
    }
    return requirements.get(supergraph);
  };
  return {
    inspect(operation, supergraph) {
      const read = requirementsOf(supergraph);
      const guarded = read && guard(operation, read);
      return guarded && new AuthorizationCheck(guarded, options);
    },
    countsRequests(document, supergraph) {
      const read = options.decidesEach ? requirementsOf(supergraph) : undefined;
      if (!read || options.dryRun) return false;
      return selectsField(document, supergraph.publicSchema, (type, field) =>
        read.ofField(type, field).some(({ kind }) => kind === 'policies'),
      );
    },
    dependsOnClient(document, supergraph) {
      const read = requirementsOf(supergraph);
      if (!read || options.dryRun) return false;
      return selectsField(document, supergraph.publicSchema, (type, field) => read.ofField(type, field).length > 0);
    },
  };
}

function guard(operation: Operation, requirements: Requirements): Guarded | undefined {
  const indexes = new Map<string, number>();
  const clauses: Clause[] = [];
  const needs = new Map<OpField, readonly number[]>();
  const indexOf = (clause: Clause): number => {
    const known = indexes.get(clause.text);
    if (known !== undefined) return known;
    indexes.set(clause.text, clauses.length);
    return clauses.push(clause) - 1;
  };
  const visit = ({ parentType, items }: OpSelection): void => {
    for (const item of items) {
      if (item.kind === 'field') {
        const needed = requirements.ofField(parentType, item.name);
        if (needed.length > 0) needs.set(item, needed.map(indexOf));
      }
      if (item.selection) visit(item.selection);
    }
  };
  visit(operation.selection);
  if (needs.size === 0) return undefined;
  const policies = clauses.flatMap((clause) => (clause.kind === 'policies' ? clause.alternatives.flat() : []));
  return { operation, clauses, needs, policies: [...new Set(policies)] };
}

const NO_POLICIES: ReadonlySet<string> = new Set();

class AuthorizationCheck implements OperationCheck {
  private readonly guarded: Guarded;
  private readonly options: AuthorizationOptions;
  /** By which clauses are met, one digit for each. */
  private readonly decisions = new LRUCache<string, Decided>({ max: JUDGEMENTS_KEPT });

  constructor(guarded: Guarded, options: AuthorizationOptions) {
    this.guarded = guarded;
    this.options = options;
  }

  check({ client }: CheckedRequest): PolicyDecision | undefined | Promise<PolicyDecision | undefined> {
    const { policies } = this.guarded;
    const { grantedPolicies } = this.options;
    if (policies.length === 0 || !grantedPolicies) return this.judge(client, NO_POLICIES);
    const granted = grantedPolicies(policies, client);
    return 'then' in granted ? granted.then((names) => this.judge(client, names)) : this.judge(client, granted);
  }

  private judge(client: Client, granted: ReadonlySet<string>): PolicyDecision | undefined {
    const { clauses } = this.guarded;
    let key = '';
    for (let i = 0; i < clauses.length; i++) key += meets(clauses[i] as Clause, client.identity, granted) ? '1' : '0';
    let decided = this.decisions.get(key);
    if (!decided) {
      decided = this.decideFields(key);
      this.decisions.set(key, decided);
    }
    if (decided.verdict) this.options.onUnauthorized?.(decided.paths, client);
    return decided.verdict;
  }

  private decideFields(met: string): Decided {
    const { needs, operation } = this.guarded;
    const refused: OpField[] = [];
    const visit = ({ items }: OpSelection): void => {
      for (const item of items) {
        if (item.kind === 'field' && needs.get(item)?.some((clause) => met[clause] === '0')) refused.push(item);
        else if (item.selection) visit(item.selection);
      }
    };
    visit(operation.selection);
    return refused.length === 0 ? ALL_ALLOWED : decidedBy(operation, refused, this.options);
  }
}

interface Decided {
  readonly verdict: PolicyDecision | undefined;
  readonly paths: readonly string[];
}

const ALL_ALLOWED: Decided = { verdict: undefined, paths: [] };

function decidedBy(operation: Operation, refused: readonly OpField[], options: AuthorizationOptions): Decided {
  const places = fieldPlaces(operation);
  const paths = new Map(refused.map((field) => places.get(field)?.path ?? []).map((path) => [path.join('.'), path]));
  const errors = [...paths.values()].map((path) => ({ ...REFUSED, path }));
  const told = [...paths.keys()];
  const { reject = false, dryRun = false, tellIn = 'errors' } = options;
  if (reject && !dryRun) return { paths: told, verdict: { refusal: { status: 403, errors } } };
  // an error that has not harmed anything would still make clients throw the data away
  const inExtensions = tellIn === 'extensions' || (dryRun && tellIn === 'errors');
  const extensions = inExtensions ? { extensions: { authorizationErrors: errors } } : {};
  if (dryRun) return { paths: told, verdict: extensions };
  const error = tellIn === 'errors' ? REFUSED : { ...REFUSED, suppressed: true };
  const drop = refused.map((field): DroppedField => ({ field, error }));
  return { paths: told, verdict: { drop, ...extensions } };
}

function meets(clause: Clause, identity: Identity | undefined, granted: ReadonlySet<string>): boolean {
  if (clause.kind === 'authenticated') return identity !== undefined;
  if (clause.kind === 'scopes') return identity !== undefined && isMet(clause.alternatives, identity.scopes);
  return isMet(clause.alternatives, { includes: (name) => granted.has(name) });
}
