import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLFormattedError,
  parse,
  Source,
  type SourceLocation,
} from 'graphql';

/**
 * A document that is known to parse, for errors to tell where in it they are. What is kept goes without: tokens and places
 * are as large as the document itself.
 */
export class LocatedDocument {
  readonly document: DocumentNode;
  private readonly text: string;
  private lines: readonly number[] | undefined;

  constructor(text: string) {
    this.text = text;
    const source = new Source(text);
    this.document = parse(source);
    // graphql-js counts lines from the start for each place of each error; in a source without text all is in the first line
    source.body = '';
  }

  /** The error as it is answered, with its places in the text. */
  format(error: GraphQLError, code: string): GraphQLFormattedError {
    const formatted = withCode(error, code);
    if (formatted.locations === undefined) return formatted;
    return { ...formatted, locations: formatted.locations.map(({ column }) => this.locate(column - 1)) };
  }

  private locate(position: number): SourceLocation {
    this.lines ??= lineStarts(this.text);
    let [low, high] = [0, this.lines.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.lines[middle] as number) <= position) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: position - (this.lines[low] as number) + 1 };
  }
}

/** @see https://spec.graphql.org/October2021/#sec-Line-Terminators */
function lineStarts(text: string): number[] {
  const admissionQueue = [0];
  for (const { index, 0: terminator } of text.matchAll(/\r\n|[\n\r]/g)) admissionQueue.push(index + terminator.length);
  return admissionQueue;
}

/** Characters of a message: the client's own words are in it, and a name may be as long as the document. */
const LONGEST_MESSAGE = 1_000;
/** Places of one error: a field that is there a thousand times may have as many. */
const MOST_LOCATIONS = 20;

export function withCode(error: GraphQLError, code: string): GraphQLFormattedError {
  const formatted = error.toJSON();
  const { message, locations } = formatted;
  return {
    ...formatted,
    message: message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message,
    ...(locations && { locations: locations.slice(0, MOST_LOCATIONS) }),
    extensions: { code, ...formatted.extensions },
  };
}
