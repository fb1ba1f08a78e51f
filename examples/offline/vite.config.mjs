/** An app that can be installed, built by itself: what its service worker keeps is its own folder and nothing else. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { pannier } from '../../dist/vite.js';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path('.'),
  base: './',
  plugins: [
    pannier({ config: '../pannier.config.mjs' }),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'service-worker',
      filename: 'sw.ts',
      // `app.ts` registers it, through the policy for Trusted Types.
      injectRegister: false,
      // App, workers, wasm. The model's own files (.bin, .json) are in IndexedDB: here they would be stored twice.
      injectManifest: { globPatterns: ['**/*.{html,js,css,wasm,png,svg}'], globIgnores: ['**/compiled-*.wasm'] },
      includeManifestIcons: false,
      manifest: {
        name: 'Cutout',
        short_name: 'Cutout',
        description: 'Cuts people out of their background, on your device, without a network.',
        start_url: './',
        scope: './',
        display: 'standalone',
        theme_color: '#0a7765',
        background_color: '#f5f7f5',
        icons: [
          { src: 'icon.svg', sizes: 'any', type: 'image/svg+xml' },
          { src: 'icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: 'icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: 'icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
      },
    }),
  ],
  // An app finds these in its node_modules; Vite does not let a package find itself by name.
  resolve: {
    alias: [
      { find: /^pannier$/, replacement: path('../../dist/index.js') },
      { find: /^pannier\/read$/, replacement: path('../../dist/read.js') },
    ],
  },
  build: {
    outDir: '../dist/offline',
    emptyOutDir: true,
    // The page's own pictures: a policy of `img-src 'self'` shows no `data:` either.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
