/** Plain Vite, no plugin: what any app needs to know is that small assets stay files, for the strict policy. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const page = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: page('.'),
  base: './',
  publicDir: false,
  // An app finds these in its node_modules; Vite does not let a package find itself by name.
  resolve: {
    alias: [
      { find: /^pannier$/, replacement: page('../dist/index.js') },
      { find: /^pannier\/read$/, replacement: page('../dist/read.js') },
    ],
  },
  build: {
    emptyOutDir: true,
    // A policy of `connect-src 'self'` does not fetch `data:` addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { index: page('index.html'), hello: page('hello/index.html'), pose: page('pose/index.html') } },
  },
  server: { fs: { allow: ['..'] } },
});
