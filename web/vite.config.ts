import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const server = process.env.TIDEBOOK_URL ?? 'http://127.0.0.1:8765'

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  define: { __VUE_OPTIONS_API__: 'false', __VUE_I18N_LEGACY_API__: 'false' },
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  // The server checks Host and Origin, so both must be its own.
  server: {
    proxy: {
      '/api': { target: server, changeOrigin: true, ws: true, headers: { origin: server } },
      '/login': { target: server, changeOrigin: true },
    },
  },
  test: { include: ['src/**/*.spec.ts'], environment: 'node' },
})
