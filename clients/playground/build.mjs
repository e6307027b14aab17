// Makes programs/gateway/detail/playground_page.inc: the whole page as one text, and the same packed, for the gateway to serve (docs/decisions/0111).
// Every tool that takes part has an exact version, and none looks at the time or the machine: equal sources give equal bytes.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "fflate";
import { build } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));
/** The generated file. */
export const PAGE_FILE = fileURLToPath(new URL("../../programs/gateway/detail/playground_page.inc", import.meta.url));

const hashOf = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The code and the style of the page, each as one text. */
async function bundle() {
  const { output } = await build({
    root: here,
    logLevel: "warn",
    build: {
      write: false,
      target: "es2022",
      cssTarget: ["chrome123", "firefox120", "safari17.5"], // those that know light-dark()
      modulePreload: false,
      cssCodeSplit: false,
      rolldownOptions: { input: `${here}src/main.ts`, output: { format: "iife" } },
    },
  });
  const text = (ending) => {
    const [found, ...others] = output.filter(({ fileName }) => fileName.endsWith(ending));
    if (!found || others.length) throw new Error(`the bundle has ${others.length + 1} files *${ending}`);
    return String(found.code ?? found.source).trim();
  };
  return { code: text(".js"), style: text(".css") };
}

/** What the generated file has to hold. */
export async function makePage() {
  const { code, style } = await bundle();
  if (/<\/script|<!--/i.test(code) || /<\//.test(style)) throw new Error("the bundle ends its own element");
  const page = readFileSync(`${here}index.html`, "utf8")
    .replace(/<script.*<\/script>/, () => `<script>${code}</script>`)
    .replace("</head>", () => `<style>${style}</style></head>`)
    .replace(/>\n *</g, "><");
  const packed = gzipSync(new TextEncoder().encode(page), { level: 9, mtime: 0 });
  if (page.includes(')page"')) throw new Error("the page ends its own literal");
  return `// Made of clients/playground by \`./dev playground\`; not to be edited. tests/playground compares it with its sources.

constexpr std::string_view page_tag = "${createHash("sha256").update(page).digest("hex").slice(0, 16)}";
constexpr std::string_view page_script = ${JSON.stringify(hashOf(code))};
constexpr std::string_view page_style = ${JSON.stringify(hashOf(style))};
constexpr std::string_view page_text = R"page(${page})page";
constexpr unsigned char page_packed[] = {
${lines([...packed].join(","))}
};
`;
}

/** Lines that an editor and a diff can bear. */
const lines = (text) => text.replace(/(.{1,150},)/g, "$1\n");

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const made = await makePage();
  writeFileSync(PAGE_FILE, made);
  console.log(`${PAGE_FILE}: ${made.length} bytes`);
}
