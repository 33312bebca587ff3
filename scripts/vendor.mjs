// Copies what the browser needs from node_modules to static/vendor, each package with its licence.
// A file that is missing stops the set-up: a page must never find out at three in the morning.
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(root, "node_modules");
const target = join(root, "static", "vendor");

const font = (subset, weight) => [
  `files/noto-serif-tibetan-${subset}-${weight}-normal.woff2`,
  `noto-serif-tibetan-${subset}-${weight}.woff2`,
];

/** folder in static/vendor → the package, and its files as [path in the package, name here]. */
const wanted = {
  leaflet: {
    from: "leaflet",
    files: [
      ["dist/leaflet.js", "leaflet.js"],
      ["dist/leaflet.css", "leaflet.css"],
      ...["layers.png", "layers-2x.png", "marker-icon.png", "marker-icon-2x.png", "marker-shadow.png"].map((image) => [
        `dist/images/${image}`,
        `images/${image}`,
      ]),
      ["LICENSE", "LICENSE"],
    ],
  },
  ol: {
    from: "ol",
    files: [["dist/ol.js", "ol.js"], ["ol.css", "ol.css"], ["LICENSE.md", "LICENSE.md"]],
  },
  htmx: {
    from: "htmx.org",
    files: [["dist/htmx.min.js", "htmx.min.js"], ["LICENSE", "LICENSE"]],
  },
  "swagger-ui": {
    from: "swagger-ui-dist",
    files: [
      ["swagger-ui-bundle.js", "swagger-ui-bundle.js"],
      ["swagger-ui.css", "swagger-ui.css"],
      ["swagger-ui-bundle.js.LICENSE.txt", "swagger-ui-bundle.js.LICENSE.txt"],
      ["LICENSE", "LICENSE"],
      ["NOTICE", "NOTICE"],
    ],
  },
  "noto-serif-tibetan": {
    from: "@fontsource/noto-serif-tibetan",
    files: [
      ...["tibetan", "latin"].flatMap((subset) => [400, 700].map((weight) => font(subset, weight))),
      ["LICENSE", "LICENSE"],
    ],
  },
};

// OpenLayers' full build contains these packages: their licences travel with it.
for (const bundled of ["rbush", "quickselect", "earcut", "pbf", "geotiff"]) {
  wanted.ol.files.push([`../${bundled}/LICENSE`, `LICENSE.${bundled}`]);
}

const missing = Object.values(wanted)
  .flatMap(({ from, files }) => files.map(([path]) => join(source, from, path)))
  .filter((path) => !existsSync(path));
if (missing.length > 0) {
  console.error(`The browser's files are not complete; run \`npm ci\` again. Missing:\n  ${missing.join("\n  ")}`);
  process.exit(1);
}

rmSync(target, { recursive: true, force: true });
for (const [folder, { from, files }] of Object.entries(wanted)) {
  for (const [path, name] of files) {
    const copy = join(target, folder, name);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(join(source, from, path), copy);
  }
}
