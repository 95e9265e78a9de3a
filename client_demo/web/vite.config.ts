import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import type { Plugin } from 'vite';

const PAGES = ['watch', 'studio', 'overlay'] as const;

/** In development, answer /watch/lounge as the server does: with watch.html. */
function pageRoutes(): Plugin {
  return {
    name: 'giftwave-page-routes',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const page = PAGES.find((name) => request.url?.startsWith(`/${name}/`));
        if (page) request.url = `/${page}.html`;
        next();
      });
    },
  };
}

const serverUrl = process.env['GIFTWAVE_URL'] ?? 'http://127.0.0.1:8080';
const page = (name: string): string => resolve(import.meta.dirname, `${name}.html`);

export default defineConfig({
  base: '/',
  plugins: [pageRoutes()],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  server: { proxy: { '/v1': { target: serverUrl, ws: true } } },
  build: {
    target: 'es2022',
    // The server's Content-Security-Policy allows nothing inline, and a polyfill for browsers older than the target would be dead weight.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        index: page('index'),
        watch: page('watch'),
        studio: page('studio'),
        overlay: page('overlay'),
      },
    },
  },
  test: { include: ['tests/**/*.test.ts', 'src/effects/**/*.test.ts'], environment: 'node', testTimeout: 10_000 },
});
