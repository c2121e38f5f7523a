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
        'A request header that names labels to switch on, separated by commas. Clients can send it, so use it only for labels that every client may choose',
      ),
    percent_header: headerName
      .optional()
      .describe(
        'A request header, such as a user id: requests with the same value get the same result from percent(n). Default: random per request',
      ),
  })
  .describe('Which labels of progressive @override(label:) are on');

export type OverrideLabels = z.output<typeof overrideLabelsSection>;

type Headers = Readonly<IncomingHttpHeaders>;

/** Returns those of the labels that are on for a request: as `labels` says, else as the header says. */
export function activeLabels(setting: OverrideLabels, labels: readonly string[], headers: Headers): string[] {
  const named = new Set(
    headerText(headers, setting.header)
      ?.split(',')
      .map((name) => name.trim()),
  );
  return labels.filter((label) => (Object.hasOwn(setting.labels, label) ? setting.labels[label] : named.has(label)));
}

/** Returns the value from which `percent(n)` is decided for a request. */
export function percentKey(setting: OverrideLabels, headers: Headers): string | undefined {
  return headerText(headers, setting.percent_header);
}

/** Returns the headers that decide which of the labels are on. */
export function headersOfLabels(setting: OverrideLabels, labels: readonly string[]): string[] {
  const isPercent = (label: string) => label.startsWith('percent(');
  const byHeader = labels.some((label) => !isPercent(label) && !Object.hasOwn(setting.labels, label));
  const names = [byHeader ? setting.header : undefined, labels.some(isPercent) ? setting.percent_header : undefined];
  return names.filter((name) => name !== undefined);
}

function headerText(headers: Headers, name: string | undefined): string | undefined {
  const value = name === undefined ? undefined : headers[name];
  return Array.isArray(value) ? value.join() : value;
}
