import { expect, test } from 'vitest';
import { fromImages } from './from-images.ts';

test('finds the images of all stages, but not the stages themselves', () => {
  const dockerfile = `
# syntax=docker/dockerfile:1
ARG NODE_VERSION=24
ARG VARIANT="slim"
FROM --platform=linux/amd64 node:\${NODE_VERSION}-$VARIANT AS build
ARG LATER=1
RUN npm ci && \\
    # a comment in between
    npm run build
from build as Test
FROM scratch
FROM \${REGISTRY:-registry.example:5000}/nginx@sha256:abc
COPY --from=build /app/dist /usr/share/nginx/html
COPY --from=test --chown=1 /a /b
COPY --from=0 /a /b
COPY --chown=1:1 --from=busybox:1.37 /bin/busybox /bin/
`;
  expect(fromImages(dockerfile)).toEqual([
    'node:24-slim',
    'registry.example:5000/nginx@sha256:abc',
    'busybox:1.37',
  ]);
});

test('leaves out a name that only the builder could tell', () => {
  expect(fromImages('ARG BASE\nFROM $BASE\nFROM alpine:3')).toEqual(['alpine:3']);
});

test('reads a Dockerfile of Windows, with its own mark of a continuation', () => {
  expect(fromImages('# escape=`\r\nFROM `\r\n  node:24\r\nCOPY a\\ b\\\r\n')).toEqual(['node:24']);
});
