/** Times the parts of the way of one query, one by one, in this process: `npm run bench:micro [-- MILLISECONDS]`. */
import { type DocumentNode, type OperationDefinitionNode, parse } from 'graphql';
import { Bench } from 'tinybench';
import { type CompiledPlan, compilePlan } from '../../src/executor/compile.ts';
import { executePlan } from '../../src/executor/execute-plan.ts';
import { gatherEntities } from '../../src/executor/gather-entities.ts';
import { writeEscapeFree } from '../../src/executor/json-text.ts';
import type { ResponseObject } from '../../src/executor/objects.ts';
import type { Projection } from '../../src/executor/projection.ts';
import { ResponseObjects } from '../../src/executor/response-objects.ts';
import { WriteContext } from '../../src/executor/write-context.ts';
import { normalise } from '../../src/operation/normalise.ts';
import { FieldIndex } from '../../src/planner/field-index.ts';
import { planInStages, planOperation } from '../../src/planner/planner.ts';
import { schedule } from '../../src/planner/schedule.ts';
import type { Source } from '../../src/sources/source.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { main, supergraphFor } from '../scenarios.ts';
import { answerQuery } from '../stub/answer.ts';

const NOTHING: ReadonlyMap<string, string> = new Map();
const DEFAULT_MS = 500;

const supergraph = readSupergraph(supergraphFor(4200));
const fieldIndex = new FieldIndex(supergraph);
const query = main.bodies[0]?.query ?? '';
const document = parse(query);
const definition = operationOf(document);
const operation = normalise(document, definition, supergraph, {});
const stages = planInStages(operation, fieldIndex);
const compiled = compilePlan(stages.plan, supergraph);

/** Answers at once with what the stub says, computed the first time that it is asked. */
const texts = new Map<string, string>();
const sources = new Map(supergraph.subgraphs.map(({ name }) => [name, source(name)]));
const tree = await treeOf(compiled);
const silent = projection(() => {});

const bench = new Bench({ time: Number(process.argv[2] ?? DEFAULT_MS) });
bench
  .add('parse the document', () => parse(query))
  .add('normalise', () => normalise(document, definition, supergraph, {}))
  .add('plan: all stages', () => planOperation(operation, fieldIndex))
  .add('plan: schedule', () => schedule(stages.fetches.fetches))
  .add('compile the plan', () => compilePlan(stages.plan, supergraph))
  .add('a whole request, without HTTP', () => execute(compiled))
  .add('the same without output', () => execute({ ...compiled, projection: silent }))
  .add('JSON.parse of the answers alone', () => {
    for (const text of texts.values()) JSON.parse(text);
  })
  .add('representations: gather and write', () => {
    const targets = new ResponseObjects(supergraph, stages.plan.positionCount, tree);
    for (const { lookups } of compiled.requests) for (const lookup of lookups) gatherEntities(lookup, targets);
  })
  .add('projection', () =>
    writeEscapeFree(true, () => compiled.projection.write(tree, new WriteContext({ introspected: NOTHING }))),
  )
  .add('projection, strings that may need escapes', () =>
    compiled.projection.write(tree, new WriteContext({ introspected: NOTHING })),
  )
  .add('JSON.stringify of the same tree', () => JSON.stringify(tree));
await bench.run();
console.table(bench.table());

function operationOf({ definitions }: DocumentNode): OperationDefinitionNode {
  const found = definitions.find((one) => one.kind === 'OperationDefinition');
  if (!found) throw new Error('the main query has no operation');
  return found;
}

function source(name: string): Source {
  return {
    name,
    send({ body }, done) {
      const key = `${name} ${body}`;
      let text = texts.get(key);
      if (text === undefined) {
        const message = JSON.parse(body);
        text = answerQuery(message.query, message.variables, name);
        texts.set(key, text);
      }
      done({ kind: 'text', text, status: 200 });
    },
    close: () => Promise.resolve(),
  };
}

function execute(plan: CompiledPlan) {
  const client = { requestId: 'bench', headers: {} };
  return executePlan(plan, { supergraph, sources, client, variables: {}, introspected: NOTHING });
}

/** The response as it lies in memory before it is written. */
async function treeOf(plan: CompiledPlan): Promise<ResponseObject> {
  let seen: ResponseObject = {};
  const look = projection((data) => {
    // the run drops what is at the root when it is done
    seen = { ...data };
  });
  const { errors } = await execute({ ...plan, projection: look });
  if (errors.length > 0) throw new Error(`the main query fails: ${JSON.stringify(errors)}`);
  const text = plan.projection.write(seen, new WriteContext({ introspected: NOTHING }));
  if (`{"data":${text}}` !== answerQuery(query)) throw new Error('the answer to the main query is not the reference');
  return seen;
}

/** Writes nothing, and may look at what would be written. */
function projection(look: (data: ResponseObject) => void): Projection {
  const write = (data: ResponseObject) => {
    look(data);
    return '';
  };
  return { write } as unknown as Projection;
}
