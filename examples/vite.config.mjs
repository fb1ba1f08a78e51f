/** What an app has, `plugins: [pannier()]`, and a page's worth of places. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { pannier } from '../dist/vite.js';

const page = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: page('.'),
  base: './',
  publicDir: false,
  plugins: [pannier()],
  // An app finds these in its node_modules; Vite does not let a package find itself by name.
  resolve: {
    alias: [
      { find: /^pannier$/, replacement: page('../dist/index.js') },
      { find: /^pannier\/read$/, replacement: page('../dist/read.js') },
    ],
  },
  build: {
    emptyOutDir: true,
    // The pages' own pictures: a policy of `img-src 'self'` shows no `data:` either.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        index: page('index.html'),
        backends: page('backends/index.html'),
        faces: page('faces/index.html'),
        hello: page('hello/index.html'),
        ocr: page('ocr/index.html'),
        pose: page('pose/index.html'),
      },
    },
  },
  server: { fs: { allow: ['..'] } },
});
