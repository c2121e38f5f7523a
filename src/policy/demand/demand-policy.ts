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

/** What an operation is found to cost, where that is more than it may. */
export interface TooExpensive {
  readonly message: string;
  readonly estimated: number;
  readonly max: number;
  /** The subgraph that is asked too much; `undefined`: all of them together. */
  readonly subgraph: string | undefined;
}

/** A bound on what one subgraph, or all together, are asked. */
interface Bounded {
  readonly subgraph: string | undefined;
  readonly max: number;
  readonly cost: Cost;
}

/** Only what one subgraph is asked; without fields that are dropped. */
export type EstimatedPart = Pick<EstimateOptions, 'subgraph' | 'dropped'>;

/** Estimates costs of operations, for all who need them: for demand control and for limits that weigh by cost. */
export class CostEstimator {
  private readonly listSize: number;
  private readonly hidesDetails: boolean;
  private readonly models = new WeakMap<Supergraph, CostModel>();

  /**
   * @param listSize how many items a list is taken to have where `@listSize` does not say
   * @param hidesDetails whether complaints leave out names of arguments
   */
  constructor(listSize: number, hidesDetails = false) {
    this.listSize = listSize;
    this.hidesDetails = hidesDetails;
  }

  /** What a request for the operation is estimated to cost, by its variables; a number where they make no difference. */
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
  /** Told of each request that costs too much, where the mode is `measure`. */
  onTooExpensive(found: TooExpensive, client: Client): void;
  /** Told of each request that is refused or, where the mode is `measure`, would be. */
  onExceeded?: ((reason: 'cost' | 'subgraph_cost' | 'slicing_arguments') => void) | undefined;
  /** Told of what each request did cost, where that is asked for. */
  onMeasured(cost: { readonly estimated: number; readonly actual: number }, client: Client): void;
}

/** Refuses operations that would cost too much, and tells what they cost. */
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
        const bounds = all.flatMap(({ subgraph, max }): Bounded[] => {
          const part = { subgraph, dropped };
          const asked = subgraph === undefined ? cost : estimator.estimate(operation, supergraph, part).cost;
          return typeof asked === 'number' && asked <= max ? [] : [{ subgraph, max, cost: asked }];
        });
        return { cost, complaint, bounds };
      });
      const { bounds, complaint } = assess({ drop: [] });
      const { expose, actual_cost } = settings;
      if (bounds.length === 0 && !complaint && !expose && !actual_cost) return undefined;
      const measure = actual_cost ? actualCost(operation, estimator.model(supergraph)) : undefined;
      return new DemandCheck({ settings, assess, measure, observer });
    },
  };
}

function boundsFor(
  { strategy }: DemandControlSettings,
  { subgraphs }: Supergraph,
): Pick<Bounded, 'subgraph' | 'max'>[] {
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
  readonly bounds: readonly Bounded[];
}

interface CheckOptions {
  readonly settings: DemandControlSettings;
  /** What is known of an operation without the fields that are dropped from a request. */
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
    const { cost, complaint, bounds } = assess(request);
    const enforces = settings.mode === 'enforce';
    const { onExceeded } = this.options.observer;
    const problem = enforces || onExceeded ? complaint?.(variables) : undefined;
    if (problem !== undefined) onExceeded?.('slicing_arguments');
    if (problem !== undefined && enforces) return refuse(problem, { code: 'BAD_USER_INPUT' });
    const found = excess(bounds, variables);
    if (found) onExceeded?.(found.subgraph === undefined ? 'cost' : 'subgraph_cost');
    const told = settings.expose ? exposed({ estimated: costOf(cost, variables) }) : {};
    if (found && enforces) return { ...told, ...tooExpensive(found) };
    if (found) this.options.observer.onTooExpensive(found, client);
    if (!measure) return settings.expose ? told : undefined;
    return {
      ...told,
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

function excess(bounds: readonly Bounded[], variables: Variables): TooExpensive | undefined {
  for (const { subgraph, max, cost } of bounds) {
    const estimated = costOf(cost, variables);
    if (estimated <= max) continue;
    const what = subgraph === undefined ? 'The operation' : `What the operation asks of subgraph "${subgraph}"`;
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
