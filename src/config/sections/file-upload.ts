import * as z from 'zod';
import { size } from '../size.ts';

export const fileUploadSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Whether clients may send files by the GraphQL multipart request specification'),
    max_file_size: size.prefault('100MiB').describe('Largest file: "100MiB"; a larger one gets 413 REQUEST_TOO_LARGE'),
    max_files: z
      .int()
      .positive()
      .max(1_000)
      .default(10)
      .describe('Most files of one request; further ones get 413 REQUEST_TOO_LARGE'),
  })
  .describe('Files in GraphQL requests (multipart/form-data), which are streamed to the subgraph that takes them');
