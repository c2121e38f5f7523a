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

/** An operation with the policies that apply to it. */
export class CheckedOperation {
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
      throw new Error(`a policy dropped "${field.name}", which is not a field of the operation that it inspected`);
    return place;
  }

  /** Evaluates the policies in order, until one refuses. Returns a promise only where a policy does. */
  evaluatePolicies(
    variables: CheckedRequest['variables'],
    client: ClientContext,
  ): PolicyResult | Promise<PolicyResult> {
    return this.evaluateFrom(0, new PolicyResult(this, variables, client));
  }

  private evaluateFrom(start: number, policyResult: PolicyResult): PolicyResult | Promise<PolicyResult> {
    for (let i = start; i < this.checks.length; i++) {
      const decision = this.checks[i]?.check(policyResult);
      if (decision === undefined) continue;
      if ('then' in decision) {
        return decision.then((settled) => {
          if (settled) policyResult.add(settled);
          return policyResult.refusal ? policyResult : this.evaluateFrom(i + 1, policyResult);
        });
      }
      policyResult.add(decision);
      if (policyResult.refusal) break;
    }
    return policyResult;
  }
}

const NO_FIELDS: readonly DroppedField[] = [];
const NO_DECISIONS: readonly PolicyDecision[] = [];

/** The decisions of all policies for one request. */
export class PolicyResult implements CheckedRequest {
  readonly variables;
  readonly client;
  refusal: PolicyRefusal | undefined;
  /** Dropped fields. Where several policies drop a field, the reason of the first comes first. */
  drop: readonly DroppedField[] = NO_FIELDS;
  private readonly checked: CheckedOperation;
  private decisions: readonly PolicyDecision[] = NO_DECISIONS;
  private droppedFields: ReadonlySet<OpField> | undefined;

  constructor(checked: CheckedOperation, variables: CheckedRequest['variables'], client: ClientContext) {
    this.checked = checked;
    this.variables = variables;
    this.client = client;
  }

  add(decision: PolicyDecision): void {
    this.decisions = this.decisions.length === 0 ? [decision] : [...this.decisions, decision];
    this.refusal ??= decision.refusal;
    const { drop } = decision;
    // a list from one policy is passed on unchanged: the list is the key of its plan
    if (!drop || drop.length === 0) return;
    this.drop = this.drop.length === 0 ? drop : [...this.drop, ...drop];
    this.droppedFields = undefined;
  }

  isDropped(field: OpField): boolean {
    if (this.drop.length === 0) return false;
    this.droppedFields ??= new Set(this.drop.map((dropped) => dropped.field));
    for (let at: OpField | undefined = field; at; at = this.checked.place(at).parent) {
      if (this.droppedFields.has(at)) return true;
    }
    return false;
  }

  /** Whether no policy decided anything, so that the operation runs unchanged. */
  get isPlain(): boolean {
    return this.decisions.length === 0;
  }

  /**
   * Returns what policies add to the response. Later policies win over earlier ones, and `onResponse` wins over
   * decisions.
   */
  extras(outcome: Outcome | undefined): ResultExtras {
    const all: ResultExtras[] = [...this.decisions];
    if (outcome) for (const { onResponse } of this.decisions) all.push(onResponse?.(outcome) ?? {});
    return {
      headers: mergeRecords(all.map(({ headers }) => headers)),
      extensions: mergeRecords(all.map((e) => e.extensions)),
    };
  }
}

function mergeRecords<T>(parts: readonly (Readonly<Record<string, T>> | undefined)[]): Record<string, T> | undefined {
  const present = parts.filter((part) => part !== undefined);
  return present.length === 0 ? undefined : Object.assign({}, ...present);
}

/** The errors of dropped fields: all of them, and those that clients do not see. */
export interface DroppedErrors {
  readonly all: readonly GraphQLFormattedError[];
  readonly suppressed: ReadonlySet<GraphQLFormattedError>;
  /** What would have allowed the fields, for debug traces only. */
  readonly requirements: ReadonlyMap<GraphQLFormattedError, string>;
}

/**
 * Returns the errors of dropped fields, each once, at its path of response keys. A field below a dropped field gets
 * no error.
 */
export function droppedErrors(checked: CheckedOperation, drop: readonly DroppedField[]): DroppedErrors {
  const fields = new Set(drop.map(({ field }) => field));
  const all = new Map<string, GraphQLFormattedError>();
  const suppressed = new Set<GraphQLFormattedError>();
  const requirements = new Map<GraphQLFormattedError, string>();
  for (const { field, error } of drop) {
    const { path, parent } = checked.place(field);
    const key = path.join('.');
    if (all.has(key) || isWithin(checked, parent, fields)) continue;
    const formatted = { message: error.message, path, extensions: error.extensions };
    all.set(key, formatted);
    if (error.suppressed) suppressed.add(formatted);
    if (error.requirement !== undefined) requirements.set(formatted, error.requirement);
  }
  return { all: [...all.values()], suppressed, requirements };
}

function isWithin(checked: CheckedOperation, field: OpField | undefined, fields: ReadonlySet<OpField>): boolean {
  for (let at = field; at; at = checked.place(at).parent) if (fields.has(at)) return true;
  return false;
}
