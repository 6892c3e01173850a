// Wakes the islands of a page. Where the two files are served is filled in by app/web/build.rs.
import start, * as browser from './keel.js'

await start({ module_or_path: new URL('./keel_bg.wasm', import.meta.url) })
browser.hydrate()

// An island's name ends in a number taken from its source as the compiler prints it, and server and browser may have been
// compiled by different ones: what comes before the number decides.
const name = id => id.replace(/_\d+$/, '')
const islands = new Map(Object.entries(browser).map(([id, wake]) => [name(id), wake]))
for (const place of document.querySelectorAll('leptos-island')) islands.get(name(place.dataset.component))(place)
