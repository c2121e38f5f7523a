import { LRUCache } from 'lru-cache';
import { reads } from '../../client/depends-on.ts';
import type { Identity } from '../../client/identity.ts';
import { UNCOUNTED_HEADERS } from '../../client/sharing.ts';
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
  /** Decides the policies of `@policy` directives; without it, no policy is granted. */
  readonly grantedPolicies?: GrantedPolicies | undefined;
  /** Whether policies depend on the whole request, as with a module. Identical requests are then not deduplicated. */
  readonly decidesEach?: boolean;
  /** Rejects an operation as a whole if one of its fields is unauthorized. */
  readonly reject?: boolean;
  /** Reports unauthorized fields in extensions, but still returns their data. */
  readonly dryRun?: boolean;
  /** Where unauthorized fields are reported to clients. Default: `errors`. */
  readonly reportIn?: 'errors' | 'extensions' | 'disabled';
  /** Called for each request with unauthorized fields, with their paths. */
  readonly onUnauthorized?: ((paths: readonly string[], client: Client) => void) | undefined;
}

/** The requirements of an operation: its distinct clauses, and which of them each field needs. */
interface OperationRequirements {
  readonly operation: Operation;
  readonly clauses: readonly Clause[];
  /** Indexes into `clauses`. */
  readonly needs: ReadonlyMap<OpField, readonly number[]>;
  /** Names of all policies in the clauses. */
  readonly policies: readonly string[];
}

/** Cached decisions per operation, one for each set of clauses that a client meets. */
const MOST_CACHED_DECISIONS = 64;

/** A dry run reads the same: it reports what each client may not read. */
const READ_BY_REQUIREMENTS = reads({ identity: true, isGuarded: true });

/** A module gets the identity, the address and all headers. Those that say nothing about the client do not count. */
const READ_BY_MODULES = reads({
  patterns: [(name) => name === 'user-agent' || !UNCOUNTED_HEADERS.has(name)],
  address: true,
  identity: true,
  isGuarded: true,
});

const REFUSED: FieldRefusal = {
  message: 'Unauthorized field or type',
  extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
};

/**
 * Enforces `@authenticated`, `@requiresScopes` and `@policy`. The requirements of each field are collected once per
 * operation. A request is then checked by which of these few clauses its client meets.
 */
export function createAuthorizationPolicy(options: AuthorizationOptions = {}): OperationPolicy {
  const requirements = new WeakMap<Supergraph, Requirements | undefined>();
  const requirementsOf = (supergraph: Supergraph): Requirements | undefined => {
    if (!requirements.has(supergraph)) {
      const read = new Requirements(supergraph);
      requirements.set(supergraph, read.hasAny ? read : undefined);
    }
    return requirements.get(supergraph);
  };
  return {
    inspect(operation, supergraph) {
      const read = requirementsOf(supergraph);
      const required = read && requirementsIn(operation, read);
      return required && new AuthorizationCheck(required, options);
    },
    countsRequests(document, supergraph) {
      const read = options.decidesEach ? requirementsOf(supergraph) : undefined;
      if (!read || options.dryRun) return false;
      return selectsField(document, supergraph.publicSchema, (type, field) =>
        read.ofField(type, field).some(({ kind }) => kind === 'policies'),
      );
    },
    readsOf(document, supergraph) {
      const read = requirementsOf(supergraph);
      if (!read) return undefined;
      const selects = (test: (clause: Clause) => boolean) =>
        selectsField(document, supergraph.publicSchema, (type, field) => read.ofField(type, field).some(test));
      if (options.decidesEach && selects(({ kind }) => kind === 'policies')) return READ_BY_MODULES;
      return selects(() => true) ? READ_BY_REQUIREMENTS : undefined;
    },
  };
}

function requirementsIn(operation: Operation, requirements: Requirements): OperationRequirements | undefined {
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
  private readonly required: OperationRequirements;
  private readonly options: AuthorizationOptions;
  /** Keyed by the clauses that are met, one digit per clause. */
  private readonly decisions = new LRUCache<string, CachedDecision>({ max: MOST_CACHED_DECISIONS });

  constructor(required: OperationRequirements, options: AuthorizationOptions) {
    this.required = required;
    this.options = options;
  }

  check({ client }: CheckedRequest): PolicyDecision | undefined | Promise<PolicyDecision | undefined> {
    const { policies } = this.required;
    const { grantedPolicies } = this.options;
    if (policies.length === 0 || !grantedPolicies) return this.decide(client, NO_POLICIES);
    const granted = grantedPolicies(policies, client);
    return 'then' in granted ? granted.then((names) => this.decide(client, names)) : this.decide(client, granted);
  }

  private decide(client: Client, granted: ReadonlySet<string>): PolicyDecision | undefined {
    const { clauses } = this.required;
    let key = '';
    for (let i = 0; i < clauses.length; i++) key += meets(clauses[i] as Clause, client.identity, granted) ? '1' : '0';
    let cached = this.decisions.get(key);
    if (!cached) {
      cached = this.decideFields(key);
      this.decisions.set(key, cached);
    }
    if (cached.decision) this.options.onUnauthorized?.(cached.paths, client);
    return cached.decision;
  }

  private decideFields(met: string): CachedDecision {
    const { needs, clauses, operation } = this.required;
    const unauthorized = new Map<OpField, string>();
    const visit = ({ items }: OpSelection): void => {
      for (const item of items) {
        const unmet = item.kind === 'field' ? (needs.get(item)?.filter((clause) => met[clause] === '0') ?? []) : [];
        if (item.kind === 'field' && unmet.length > 0) unauthorized.set(item, requirementOf(clauses, unmet));
        else if (item.selection) visit(item.selection);
      }
    };
    visit(operation.selection);
    return unauthorized.size === 0 ? ALL_ALLOWED : decisionFor(operation, unauthorized, this.options);
  }
}

/** Returns what a client lacks, for debug traces: `@authenticated; @requiresScopes: read:orders and read:all, or admin`. */
function requirementOf(clauses: readonly Clause[], unmet: readonly number[]): string {
  const texts = unmet.map((index) => {
    const clause = clauses[index] as Clause;
    if (clause.kind === 'authenticated') return '@authenticated';
    const alternatives = clause.alternatives.map((all) => all.join(' and ')).join(', or ') || 'nothing meets it';
    return `${clause.kind === 'scopes' ? '@requiresScopes' : '@policy'}: ${alternatives}`;
  });
  return texts.join('; ');
}

interface CachedDecision {
  readonly decision: PolicyDecision | undefined;
  readonly paths: readonly string[];
}

const ALL_ALLOWED: CachedDecision = { decision: undefined, paths: [] };

function decisionFor(
  operation: Operation,
  unauthorized: ReadonlyMap<OpField, string>,
  options: AuthorizationOptions,
): CachedDecision {
  const places = fieldPlaces(operation);
  const byText = new Map(
    [...unauthorized.keys()].map((field) => places.get(field)?.path ?? []).map((path) => [path.join('.'), path]),
  );
  const errors = [...byText.values()].map((path) => ({ ...REFUSED, path }));
  const paths = [...byText.keys()];
  const { reject = false, dryRun = false, reportIn = 'errors' } = options;
  if (reject && !dryRun) return { paths, decision: { refusal: { status: 403, errors } } };
  // clients would discard the data of a response with errors, although no field is missing
  const inExtensions = reportIn === 'extensions' || (dryRun && reportIn === 'errors');
  const extensions = inExtensions ? { extensions: { authorizationErrors: errors } } : {};
  if (dryRun) return { paths, decision: extensions };
  const error = reportIn === 'errors' ? REFUSED : { ...REFUSED, suppressed: true };
  const drop = [...unauthorized].map(
    ([field, requirement]): DroppedField => ({ field, error: { ...error, requirement } }),
  );
  return { paths, decision: { drop, ...extensions } };
}

function meets(clause: Clause, identity: Identity | undefined, granted: ReadonlySet<string>): boolean {
  if (clause.kind === 'authenticated') return identity !== undefined;
  if (clause.kind === 'scopes') return identity !== undefined && isMet(clause.alternatives, identity.scopes);
  return isMet(clause.alternatives, { includes: (name) => granted.has(name) });
}
