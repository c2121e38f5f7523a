import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]+$/, 'expected the name of a header')
  .transform((name) => name.toLowerCase());

export const overrideLabelsSection = z
  .strictObject({
    labels: z.record(z.string(), z.boolean()).default({}).describe('Labels that are on, or off, for every request'),
    header: headerName
      .optional()
      .describe(
        'A request header that names labels to switch on, separated by commas. Clients may send it: trust it so far',
      ),
    percent_by: headerName
      .optional()
      .describe(
        'A request header (a user id, say) by which percent(n) falls the same way each time. Without it: by chance',
      ),
  })
  .describe('Which labels of progressive @override(label:) are on');

export type OverrideLabels = z.output<typeof overrideLabelsSection>;

type Headers = Readonly<IncomingHttpHeaders>;

/** Those of the labels that are on for a request: what `labels` says, else what the header names. */
export function activeLabels(setting: OverrideLabels, labels: readonly string[], headers: Headers): string[] {
  const named = new Set(
    headerText(headers, setting.header)
      ?.split(',')
      .map((name) => name.trim()),
  );
  return labels.filter((label) => (Object.hasOwn(setting.labels, label) ? setting.labels[label] : named.has(label)));
}

/** What `percent(n)` goes by for a request. */
export function percentKey(setting: OverrideLabels, headers: Headers): string | undefined {
  return headerText(headers, setting.percent_by);
}

function headerText(headers: Headers, name: string | undefined): string | undefined {
  const value = name === undefined ? undefined : headers[name];
  return Array.isArray(value) ? value.join() : value;
}
