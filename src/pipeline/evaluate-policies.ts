import type { GraphQLFormattedError } from 'graphql';
import { type FieldPlace, fieldPlaces } from '../operation/field-places.ts';
import type { Operation, OpField } from '../operation/operation.ts';
import type { ClientContext } from '../sources/source.ts';
import type {
  CheckedRequest,
  DroppedField,
  OperationCheck,
  Outcome,
  PolicyDecision,
  PolicyRefusal,
  ResultExtras,
} from './operation-policy.ts';

/** An operation that policies have something to say of. */
export class PolicedOperation {
  readonly operation: Operation;
  readonly checks: readonly OperationCheck[];
  private known: ReadonlyMap<OpField, FieldPlace> | undefined;

  constructor(operation: Operation, checks: readonly OperationCheck[]) {
    this.operation = operation;
    this.checks = checks;
  }

  place(field: OpField): FieldPlace {
    this.known ??= fieldPlaces(this.operation);
    const place = this.known.get(field);
    if (!place)
      throw new Error(`a policy dropped "${field.name}", which is no field of the operation that it inspected`);
    return place;
  }

  /** Asks the policies one after the other. What comes back at once is used at once, without a promise. */
  evaluatePolicies(
    variables: CheckedRequest['variables'],
    client: ClientContext,
  ): PolicyResult | Promise<PolicyResult> {
    return this.evaluateFrom(0, new PolicyResult(this, variables, client));
  }

  private evaluateFrom(start: number, policyResult: PolicyResult): PolicyResult | Promise<PolicyResult> {
    for (let i = start; i < this.checks.length; i++) {
      const verdict = this.checks[i]?.check(policyResult);
      if (verdict === undefined) continue;
      if ('then' in verdict) {
        return verdict.then((settled) => {
          if (settled) policyResult.add(settled);
          return policyResult.refusal ? policyResult : this.evaluateFrom(i + 1, policyResult);
        });
      }
      policyResult.add(verdict);
      if (policyResult.refusal) break;
    }
    return policyResult;
  }
}

const NO_FIELDS: readonly DroppedField[] = [];
const NO_VERDICTS: readonly PolicyDecision[] = [];

/** What all policies together say of one request. */
export class PolicyResult implements CheckedRequest {
  readonly variables;
  readonly client;
  refusal: PolicyRefusal | undefined;
  /** The first reason for each field comes first. */
  drop: readonly DroppedField[] = NO_FIELDS;
  private readonly policed: PolicedOperation;
  private verdicts: readonly PolicyDecision[] = NO_VERDICTS;
  private droppedFields: ReadonlySet<OpField> | undefined;

  constructor(policed: PolicedOperation, variables: CheckedRequest['variables'], client: ClientContext) {
    this.policed = policed;
    this.variables = variables;
    this.client = client;
  }

  add(verdict: PolicyDecision): void {
    this.verdicts = this.verdicts.length === 0 ? [verdict] : [...this.verdicts, verdict];
    this.refusal ??= verdict.refusal;
    const { drop } = verdict;
    // a list from one policy is passed on as it is: its plan is found by it
    if (!drop || drop.length === 0) return;
    this.drop = this.drop.length === 0 ? drop : [...this.drop, ...drop];
    this.droppedFields = undefined;
  }

  isDropped(field: OpField): boolean {
    if (this.drop.length === 0) return false;
    this.droppedFields ??= new Set(this.drop.map((dropped) => dropped.field));
    for (let at: OpField | undefined = field; at; at = this.policed.place(at).parent) {
      if (this.droppedFields.has(at)) return true;
    }
    return false;
  }

  /** Whether nothing has to be said or done beyond running the operation. */
  get isPlain(): boolean {
    return this.verdicts.length === 0;
  }

  /** What policies add to the answer: later ones over earlier ones, and what they know afterwards over what they said before. */
  extras(outcome: Outcome | undefined): ResultExtras {
    const all: ResultExtras[] = [...this.verdicts];
    if (outcome) for (const { onResponse } of this.verdicts) all.push(onResponse?.(outcome) ?? {});
    return { headers: united(all.map(({ headers }) => headers)), extensions: united(all.map((e) => e.extensions)) };
  }
}

function united<T>(parts: readonly (Readonly<Record<string, T>> | undefined)[]): Record<string, T> | undefined {
  const present = parts.filter((part) => part !== undefined);
  return present.length === 0 ? undefined : Object.assign({}, ...present);
}

/** Why there are nulls: what is told of them, and what is known, but not told. */
export interface DroppedErrors {
  readonly all: readonly GraphQLFormattedError[];
  readonly suppressed: ReadonlySet<GraphQLFormattedError>;
}

/**
 * The errors of dropped fields: each at its path of response keys, once, and none below a field that is itself dropped.
 */
export function droppedErrors(policed: PolicedOperation, drop: readonly DroppedField[]): DroppedErrors {
  const fields = new Set(drop.map(({ field }) => field));
  const all = new Map<string, GraphQLFormattedError>();
  const suppressed = new Set<GraphQLFormattedError>();
  for (const { field, error } of drop) {
    const { path, parent } = policed.place(field);
    const key = path.join('.');
    if (all.has(key) || isWithin(policed, parent, fields)) continue;
    const formatted = { message: error.message, path, extensions: error.extensions };
    all.set(key, formatted);
    if (error.suppressed) suppressed.add(formatted);
  }
  return { all: [...all.values()], suppressed };
}

function isWithin(policed: PolicedOperation, field: OpField | undefined, fields: ReadonlySet<OpField>): boolean {
  for (let at = field; at; at = policed.place(at).parent) if (fields.has(at)) return true;
  return false;
}
