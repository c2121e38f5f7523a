import { Scanner } from './scanner.ts';
import {
  type Expression,
  type Head,
  MappingSyntaxError,
  type Path,
  type Selected,
  type Selection,
  type Step,
} from './syntax.ts';

/** Maximum nesting depth, which protects the parser's stack. */
const MAX_DEPTH = 100;

/**
 * Parses a mapping: a selection of named fields, or a single path whose value is the result.
 *
 * @example parseMapping('id name: full_name')  // an object of two fields
 * @example parseMapping('$.results { id }')    // the value at that path
 * @throws MappingSyntaxError
 * @see https://www.apollographql.com/docs/graphos/connectors/mapping
 */
export function parseMapping(text: string): Expression {
  const parser = new Parser(new Scanner(text));
  return parser.mapping();
}

/**
 * Parses the expression of a `{…}` in a template, starting at `offset`. Returns it with the offset after it.
 * @throws MappingSyntaxError
 */
export function parseExpressionAt(text: string, offset: number): { expression: Expression; end: number } {
  const scanner = new Scanner(text, offset);
  const expression = new Parser(scanner).expression();
  scanner.skip();
  return { expression, end: scanner.at };
}

class Parser {
  readonly #scanner: Scanner;
  #depth = 0;

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  mapping(): Expression {
    const fields: (Selected | { kind: 'anonymous'; path: Path })[] = [];
    this.#scanner.skip(true);
    const at = this.#scanner.at;
    while (!this.#scanner.atEnd()) {
      fields.push(this.#selected());
      this.#scanner.skip(true);
    }
    const [only] = fields;
    if (fields.length === 1 && only?.kind === 'anonymous') return only.path;
    return { kind: 'selection', fields: fields.map((field) => this.#merged(field)), at };
  }

  /** Parses a literal, a path, or a choice between them (`LitExpr` in the grammar). */
  expression(): Expression {
    const { at } = this.#scanner;
    const first = this.#operand();
    const operator = this.#operator();
    if (operator === undefined) return first;
    const operands = [first];
    while (this.#scanner.take(operator)) operands.push(this.#operand());
    if (this.#operator() !== undefined) {
      throw new MappingSyntaxError('"??" and "?!" cannot be mixed.', this.#scanner.at, 'Enclose one of them in $(…).');
    }
    return { kind: 'first', operator, operands, at };
  }

  #operator(): '??' | '?!' | undefined {
    if (this.#scanner.sees('??')) return '??';
    return this.#scanner.sees('?!') ? '?!' : undefined;
  }

  #operand(): Expression {
    const scanner = this.#scanner;
    scanner.skip();
    const { at } = scanner;
    const literal = this.#deeper(() => this.#literal());
    if (literal === undefined) return this.#path();
    const steps = this.#steps();
    if (steps.length === 0) return literal;
    return this.#pathFrom({ kind: 'expression', expression: literal, at }, steps, at);
  }

  #literal(): Expression | undefined {
    const scanner = this.#scanner;
    const { at } = scanner;
    const string = scanner.string();
    if (string !== undefined) return { kind: 'literal', value: string, at };
    const number = scanner.number();
    if (number !== undefined) return { kind: 'literal', value: number, at };
    if (scanner.sees('{')) return this.#object();
    if (scanner.sees('[')) return this.#array();
    const word = scanner.identifier();
    if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true', at };
    if (word === 'null') return { kind: 'literal', value: null, at };
    scanner.at = at;
    return undefined;
  }

  #object(): Expression {
    const scanner = this.#scanner;
    const { at } = scanner;
    const properties: [string, Expression][] = [];
    scanner.expect('{');
    while (!scanner.take('}')) {
      const key = this.#key();
      scanner.expect(':', 'Write an object inside an expression like JSON: {name: $.value, other: 1}.');
      properties.push([key, this.expression()]);
      if (!scanner.take(',') && !scanner.sees('}')) throw scanner.unexpected('"," or "}"');
    }
    return { kind: 'object', properties, at };
  }

  #array(): Expression {
    const { at } = this.#scanner;
    this.#scanner.expect('[');
    return { kind: 'array', items: this.#list(']'), at };
  }

  #list(end: ')' | ']'): Expression[] {
    const scanner = this.#scanner;
    const items: Expression[] = [];
    while (!scanner.take(end)) {
      items.push(this.expression());
      if (!scanner.take(',') && !scanner.sees(end)) throw scanner.unexpected(`"," or "${end}"`);
    }
    return items;
  }

  /** Parses one entry of a selection: `...path`, `alias: value`, `key`, `key { … }`, or a path without a name. */
  #selected(): Selected | { kind: 'anonymous'; path: Path } {
    const scanner = this.#scanner;
    scanner.skip(true);
    const { at } = scanner;
    if (scanner.take('...')) return { kind: 'spread', value: this.#path(), at };
    const alias = this.#alias();
    if (alias !== undefined) {
      const value = scanner.sees('{') ? this.#selection() : this.#path();
      return { kind: 'named', name: alias, value, at };
    }
    const path = this.#path();
    if (path.head.kind === 'key' && path.steps.every((step) => step.kind === 'question')) {
      return { kind: 'named', name: path.head.key, value: path, at };
    }
    return { kind: 'anonymous', path };
  }

  #alias(): string | undefined {
    const scanner = this.#scanner;
    const { at } = scanner;
    const key = scanner.identifier() ?? scanner.string();
    if (key !== undefined && scanner.take(':')) return key;
    scanner.at = at;
    return undefined;
  }

  /** Converts a path without a name to a spread. Beside other fields, it must select the fields that it adds. */
  #merged(field: Selected | { kind: 'anonymous'; path: Path }): Selected {
    if (field.kind !== 'anonymous') return field;
    const { path } = field;
    if (path.selection === undefined) {
      const hint = 'Add a name (`name: …`), or end the path with the fields to add (`{ id name }`).';
      throw new MappingSyntaxError('This path is beside named fields, but has no name.', path.at, hint);
    }
    return { kind: 'spread', value: path, at: path.at };
  }

  #selection(): Selection {
    const scanner = this.#scanner;
    scanner.skip();
    const { at } = scanner;
    scanner.expect('{');
    const fields: Selected[] = [];
    for (scanner.skip(true); !scanner.take('}'); scanner.skip(true)) {
      if (scanner.atEnd()) throw scanner.unexpected('"}"');
      fields.push(this.#deeper(() => this.#merged(this.#selected())));
    }
    return { kind: 'selection', fields, at };
  }

  #path(): Path {
    this.#scanner.skip();
    const { at } = this.#scanner;
    const head = this.#head();
    return this.#pathFrom(head, this.#steps(), at);
  }

  #pathFrom(head: Head, steps: readonly Step[], at: number): Path {
    const selection = this.#scanner.sees('{') ? this.#selection() : undefined;
    return { kind: 'path', head, steps, selection, at };
  }

  #head(): Head {
    const scanner = this.#scanner;
    scanner.skip();
    const { at } = scanner;
    if (scanner.take('@')) return { kind: 'variable', name: '@', at };
    if (!scanner.take('$')) return { kind: 'key', key: this.#key(), at };
    if (scanner.text[scanner.at] === '(') {
      scanner.at++;
      const expression = this.#deeper(() => this.expression());
      scanner.expect(')');
      return { kind: 'expression', expression, at };
    }
    return { kind: 'variable', name: `$${scanner.identifierHere() ?? ''}`, at };
  }

  #steps(): Step[] {
    const scanner = this.#scanner;
    const steps: Step[] = [];
    for (;;) {
      scanner.skip();
      const { at } = scanner;
      if (scanner.sees('...') || scanner.sees('??') || scanner.sees('?!')) return steps;
      if (scanner.take('.')) steps.push({ kind: 'key', key: this.#key(), at });
      else if (scanner.take('->')) steps.push(this.#method(at));
      else if (scanner.take('?')) steps.push({ kind: 'question', at });
      else return steps;
    }
  }

  #method(at: number): Step {
    const name = this.#scanner.identifier();
    if (name === undefined) throw this.#scanner.unexpected('the name of a method');
    const args = this.#scanner.take('(') ? this.#deeper(() => this.#list(')')) : [];
    return { kind: 'method', name, args, at };
  }

  #key(): string {
    const key = this.#scanner.identifier() ?? this.#scanner.string();
    if (key === undefined) throw this.#scanner.unexpected('a name');
    return key;
  }

  #deeper<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) {
      throw new MappingSyntaxError('The mapping is nested too deeply.', this.#scanner.at);
    }
    const parsed = parse();
    this.#depth--;
    return parsed;
  }
}
