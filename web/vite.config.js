import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/**
 * Emits the shop's mark, and one hashed sprite with only the icons named in src/icons.json, so that pages refer to
 * `icons-<hash>.svg#name`: cached for ever, and nothing inline that a strict policy would refuse.
 * `name-solid` is the icon `name` with its shapes filled.
 */
function icons() {
  const names = JSON.parse(readFileSync(here('./src/icons.json'), 'utf8'))
  const source = createRequire(import.meta.url).resolve('@iconify-json/lucide/icons.json')
  return {
    name: 'merx-icons',
    generateBundle() {
      const set = JSON.parse(readFileSync(source, 'utf8'))
      const symbols = names.map((name) => {
        const solid = name.endsWith('-solid')
        const icon = set.icons[solid ? name.slice(0, -'-solid'.length) : name]
        if (!icon) this.error(`src/icons.json names an icon that the set does not have: ${name}`)
        const body = solid ? icon.body.replaceAll('fill="none"', 'fill="currentColor"') : icon.body
        return `<symbol id="${name}" viewBox="0 0 24 24">${body}</symbol>`
      })
      this.emitFile({
        type: 'asset',
        name: 'icons.svg',
        originalFileName: 'src/icons.svg',
        source: `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>\n`
      })
      this.emitFile({
        type: 'asset',
        name: 'favicon.svg',
        originalFileName: 'src/favicon.svg',
        source: readFileSync(here('./src/favicon.svg'))
      })
    }
  }
}

export default defineConfig({
  base: '/static/',
  publicDir: false,
  plugins: [tailwindcss(), icons()],
  build: {
    outDir: here('../src/merx/storefront/static'),
    emptyOutDir: true,
    manifest: 'manifest.json',
    assetsDir: '',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      // htmx keeps an eval behind `allowEval`, which is off here and which the content policy refuses anyway.
      checks: { eval: false },
      input: { storefront: here('./src/storefront.js') }
    }
  }
})
