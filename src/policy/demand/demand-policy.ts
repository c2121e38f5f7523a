import type { DemandControlSettings } from '../../config/sections/demand-control.ts';
import type { Operation } from '../../operation/operation.ts';
import type {
  CheckedRequest,
  OperationCheck,
  OperationPolicy,
  PolicyDecision,
  ResultExtras,
} from '../../pipeline/operation-policy.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import { actualCost } from './actual-cost.ts';
import { type Cost, costOf } from './cost.ts';
import { CostModel } from './cost-model.ts';
import { type EstimateOptions, estimate } from './estimate.ts';
import { withoutDropped } from './without-dropped.ts';

type Client = CheckedRequest['client'];
type Variables = CheckedRequest['variables'];

/** The cost of an operation that is over its limit. */
export interface TooExpensive {
  readonly message: string;
  readonly estimated: number;
  readonly max: number;
  /** The subgraph whose limit it is; `undefined` for the limit of the whole operation. */
  readonly subgraph: string | undefined;
}

/** A limit on the cost of an operation, or of its part for one subgraph. */
interface CostLimit {
  readonly subgraph: string | undefined;
  readonly max: number;
  readonly cost: Cost;
}

/** Restricts an estimate to one subgraph, and excludes dropped fields. */
export type EstimatedPart = Pick<EstimateOptions, 'subgraph' | 'dropped'>;

/** Estimates the cost of operations; used by demand control and by rate limits weighed by cost. */
export class CostEstimator {
  private readonly listSize: number;
  private readonly hidesDetails: boolean;
  private readonly models = new WeakMap<Supergraph, CostModel>();

  /**
   * @param listSize assumed number of items of lists without `@listSize`
   * @param hidesDetails whether messages leave out names of arguments
   */
  constructor(listSize: number, hidesDetails = false) {
    this.listSize = listSize;
    this.hidesDetails = hidesDetails;
  }

  /** Estimates the cost of an operation; a function of the variables if it depends on them. */
  estimate(operation: Operation, supergraph: Supergraph, { subgraph, dropped }: EstimatedPart = {}) {
    return estimate(operation, this.model(supergraph), {
      listSize: this.listSize,
      dropped,
      hidesDetails: this.hidesDetails,
      ...(subgraph === undefined ? {} : { subgraph }),
    });
  }

  model(supergraph: Supergraph): CostModel {
    const model = this.models.get(supergraph) ?? new CostModel(supergraph);
    this.models.set(supergraph, model);
    return model;
  }
}

export interface DemandObserver {
  /** Called for each request that costs too much, in mode `measure`. */
  onTooExpensive(found: TooExpensive, client: Client): void;
  /** Called for each request that is rejected, or would be in mode `enforce`. */
  onExceeded?: ((reason: 'cost' | 'subgraph_cost' | 'slicing_arguments') => void) | undefined;
  /** Called with the estimated cost of each request. Without it, operations that no limit applies to are not estimated. */
  onEstimated?: ((cost: number) => void) | undefined;
  /** Called with the actual cost of each request, if `actual_cost` is set. */
  onMeasured(cost: { readonly estimated: number; readonly actual: number }, client: Client): void;
}

/** Creates the policy that rejects operations which cost too much, and exposes costs to clients. */
export function createDemandPolicy(
  settings: DemandControlSettings,
  observer: DemandObserver,
  hidesDetails = false,
): OperationPolicy {
  const { static_estimated } = settings.strategy;
  const estimator = new CostEstimator(static_estimated.list_size, hidesDetails);
  return {
    inspect(operation, supergraph) {
      const all = boundsFor(settings, supergraph);
      const assess = withoutDropped((dropped): Assessment => {
        const { cost, complaint } = estimator.estimate(operation, supergraph, { dropped });
        const limits = all.flatMap(({ subgraph, max }): CostLimit[] => {
          const part = { subgraph, dropped };
          const estimated = subgraph === undefined ? cost : estimator.estimate(operation, supergraph, part).cost;
          return typeof estimated === 'number' && estimated <= max ? [] : [{ subgraph, max, cost: estimated }];
        });
        return { cost, complaint, limits };
      });
      const { limits, complaint } = assess({ drop: [] });
      const { expose, actual_cost } = settings;
      const isNeeded = limits.length > 0 || complaint || expose || actual_cost || observer.onEstimated;
      if (!isNeeded) return undefined;
      const measure = actual_cost ? actualCost(operation, estimator.model(supergraph)) : undefined;
      return new DemandCheck({ settings, assess, measure, observer });
    },
  };
}

function boundsFor(
  { strategy }: DemandControlSettings,
  { subgraphs }: Supergraph,
): Pick<CostLimit, 'subgraph' | 'max'>[] {
  const { max, subgraph: own } = strategy.static_estimated;
  const all = max === undefined ? [] : [{ subgraph: undefined, max }];
  const each = subgraphs.flatMap(({ name }) => {
    const most = (Object.hasOwn(own.subgraphs, name) ? own.subgraphs[name]?.max : undefined) ?? own.all?.max;
    return most === undefined ? [] : [{ subgraph: name, max: most }];
  });
  return [...all, ...each];
}

interface Assessment {
  readonly cost: Cost;
  readonly complaint: ((variables: Variables) => string | undefined) | undefined;
  readonly limits: readonly CostLimit[];
}

interface CheckOptions {
  readonly settings: DemandControlSettings;
  /** Returns the estimate of an operation without the fields that are dropped from a request. */
  readonly assess: (request: Pick<CheckedRequest, 'drop'>) => Assessment;
  readonly measure: ReturnType<typeof actualCost> | undefined;
  readonly observer: DemandObserver;
}

class DemandCheck implements OperationCheck {
  private readonly options: CheckOptions;

  constructor(options: CheckOptions) {
    this.options = options;
  }

  check(request: CheckedRequest): PolicyDecision | undefined {
    const { variables, client } = request;
    const { settings, assess, measure } = this.options;
    const { cost, complaint, limits } = assess(request);
    const enforces = settings.mode === 'enforce';
    const { onExceeded, onEstimated } = this.options.observer;
    onEstimated?.(costOf(cost, variables));
    const problem = enforces || onExceeded ? complaint?.(variables) : undefined;
    if (problem !== undefined) onExceeded?.('slicing_arguments');
    if (problem !== undefined && enforces) return refuse(problem, { code: 'BAD_USER_INPUT' });
    const found = excess(limits, variables);
    if (found) onExceeded?.(found.subgraph === undefined ? 'cost' : 'subgraph_cost');
    const extras = settings.expose ? exposed({ estimated: costOf(cost, variables) }) : {};
    if (found && enforces) return { ...extras, ...tooExpensive(found) };
    if (found) this.options.observer.onTooExpensive(found, client);
    if (!measure) return settings.expose ? extras : undefined;
    return {
      ...extras,
      onResponse: (outcome) => {
        const actual = measure(JSON.parse(outcome.dataText), variables);
        return this.measured({ estimated: costOf(cost, variables), actual }, client);
      },
    };
  }

  private measured(both: { estimated: number; actual: number }, client: Client): ResultExtras | undefined {
    const { settings, observer } = this.options;
    observer.onMeasured(both, client);
    return settings.expose ? exposed(both) : undefined;
  }
}

function excess(limits: readonly CostLimit[], variables: Variables): TooExpensive | undefined {
  for (const { subgraph, max, cost } of limits) {
    const estimated = costOf(cost, variables);
    if (estimated <= max) continue;
    const what = subgraph === undefined ? 'The operation' : `The part of the operation for subgraph "${subgraph}"`;
    const message = `${what} is estimated to cost ${estimated}; demand_control allows ${max}.`;
    return { message, estimated, max, subgraph };
  }
  return undefined;
}

function tooExpensive({ message, estimated, max, subgraph }: TooExpensive): PolicyDecision {
  const cost = { estimated, max, ...(subgraph === undefined ? {} : { subgraph }) };
  return refuse(message, { code: 'COST_ESTIMATED_TOO_EXPENSIVE', cost });
}

function refuse(message: string, extensions: Record<string, unknown>): PolicyDecision {
  return { refusal: { status: 400, errors: [{ message, extensions }] } };
}

function exposed(cost: { estimated: number; actual?: number }): Pick<PolicyDecision, 'headers' | 'extensions'> {
  const headers: Record<string, string> = { 'x-cost-estimated': String(cost.estimated) };
  if (cost.actual !== undefined) headers['x-cost-actual'] = String(cost.actual);
  return { headers, extensions: { cost } };
}
