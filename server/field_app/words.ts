// The app's words in other languages: they are written in Chinese where they are used, and looked up when the app is built for
// it. Each Chinese literal of a screen becomes `__t("…")`, a text with values in it one message with places for them:
// `{n} 个未销号` is `__t("{0} 个未销号", n)`. What a screen says is so one catalogue, which the build writes (words.json), and
// no screen can forget to ask for its words.

import MagicString from "magic-string";
import { parseSync, type Plugin } from "vite";

const CHINESE = /[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]/;
const SCREENS = /\/src\/((ui|domain)\/(?!pinyin|dictated).*\.tsx?|contracts\.ts|store\/times\.ts)$/;
const HOME = "/src/words.ts";
const ENTITIES: Record<string, string> = { gt: ">", lt: "<", amp: "&", quot: '"', nbsp: "\u00a0" };

interface Node {
  type: string;
  start: number;
  end: number;
  [member: string]: unknown;
}

interface Message {
  key: string;
  values: Node[];
}

/** The code with its Chinese literals asked for, and the keys of its messages; null where there are none. */
export function asked(code: string, name: string): { code: MagicString; keys: string[] } | null {
  if (!CHINESE.test(code)) return null;
  const { program, errors } = parseSync(name, code, { lang: name.endsWith("x") ? "tsx" : "ts" });
  if (errors.length > 0) throw new Error(`${name}: ${errors[0]!.message}`);
  const made = new MagicString(code);
  const keys: string[] = [];
  const call = (by: string, { key, values }: Message) => {
    keys.push(key);
    return [`${by}(${JSON.stringify(key)}`, values] as const;
  };
  // What is between the values of a message is written again; the values stay, with what they hold asked for in turn.
  const put = (node: Node, by: string, message: Message, open = "", close = "") => {
    const [head, values] = call(by, message);
    let at = node.start;
    let lead = `${open}${head}`;
    for (const value of values) {
      made.overwrite(at, value.start, `${lead}, `);
      visit(value, node);
      [at, lead] = [value.end, ""];
    }
    if (at < node.end) made.overwrite(at, node.end, `${lead})${close}`);
    else made.appendLeft(at, `${lead})${close}`);
  };
  const visit = (node: Node, parent: Node | null): void => {
    if (node.type.startsWith("TS") && !["TSAsExpression", "TSNonNullExpression", "TSSatisfiesExpression"].includes(node.type)) return;
    if (node.type === "ImportDeclaration") return;
    if (node.type === "Literal" && typeof node["value"] === "string" && CHINESE.test(node["value"])) {
      if (parent?.type === "Property" && parent["key"] === node && !parent["computed"]) return;
      const inAttribute = parent?.type === "JSXAttribute";
      return put(node, "__t", { key: node["value"], values: [] }, inAttribute ? "{" : "", inAttribute ? "}" : "");
    }
    if (node.type === "TemplateLiteral") {
      const texts = (node["quasis"] as { value: { cooked: string } }[]).map(({ value }) => value.cooked);
      if (parent?.type !== "TaggedTemplateExpression" && texts.some((text) => CHINESE.test(text))) {
        return put(node, "__t", { key: joined(texts), values: node["expressions"] as Node[] });
      }
    }
    if (node.type === "JSXElement" || node.type === "JSXFragment") return visitElement(node);
    for (const child of childrenOf(node)) visit(child, node);
  };
  /** Runs of text and plain values are one message; an element between them ends it. */
  const visitElement = (node: Node): void => {
    if (node["openingElement"]) visit(node["openingElement"] as Node, node);
    let run: Node[] = [];
    const end = () => {
      writeRun(run);
      run = [];
    };
    for (const child of node["children"] as Node[]) {
      if (child.type === "JSXText" || isValue(child)) run.push(child);
      else {
        end();
        visit(child, node);
      }
    }
    end();
  };
  const writeRun = (run: Node[]): void => {
    const pieces = run.map((one) => (one.type === "JSXText" ? jsxText(String(one["value"])) : null));
    if (!pieces.some((text) => text !== null && CHINESE.test(text))) return run.forEach((one) => one.type !== "JSXText" && visit(one, null));
    let [first, last] = [0, run.length - 1];
    // Empty text at the ends is layout; a value at an end without text next to it still belongs to the sentence.
    while (pieces[first] === "") first += 1;
    while (pieces[last] === "") last -= 1;
    const inner = run.slice(first, last + 1);
    const values = inner.filter((one) => one.type !== "JSXText").map((one) => one["expression"] as Node);
    let key = "";
    let count = 0;
    for (const [i, one] of inner.entries()) key += one.type === "JSXText" ? pieces[first + i] : literal(one) ?? `{${count++}}`;
    const shown = values.filter((one) => !isLiteral(one));
    const whole = { type: "run", start: inner[0]!.start, end: inner.at(-1)!.end } as Node;
    put(whole, "__parts", { key, values: shown }, "{", "}");
  };
  visit(program as unknown as Node, null);
  if (keys.length === 0) return null;
  return { code: made, keys };
}

/** Nothing that shows an element: what is in it may be anywhere in a sentence. */
function isValue(node: Node): boolean {
  if (node.type !== "JSXExpressionContainer") return false;
  const expression = node["expression"] as Node;
  return expression.type !== "JSXEmptyExpression" && !holdsElement(expression) && !["LogicalExpression", "ConditionalExpression"].includes(expression.type);
}

function isLiteral(node: Node): boolean {
  return node.type === "Literal" && typeof node["value"] === "string";
}

function literal(node: Node): string | null {
  const expression = node["expression"] as Node;
  return isLiteral(expression) ? String(expression["value"]) : null;
}

function holdsElement(node: Node): boolean {
  return node.type.startsWith("JSX") || childrenOf(node).some(holdsElement);
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value) => (Array.isArray(value) ? value : [value])).filter((one): one is Node => typeof one === "object" && one !== null && typeof (one as Node).type === "string");
}

/** Text as JSX shows it: lines are trimmed and joined. */
function jsxText(text: string): string {
  const lines = text.split("\n");
  const trimmed = lines.map((line, i) => line.replace(i > 0 ? /^[ \t]+/ : /(?!)/, "").replace(i < lines.length - 1 ? /[ \t]+$/ : /(?!)/, ""));
  const shown = trimmed.filter((line) => line !== "").join(" ");
  return shown.replaceAll(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}

function joined(texts: readonly string[]): string {
  return texts.reduce((key, text, i) => `${key}${i > 0 ? `{${i - 1}}` : ""}${text}`, "");
}

/** Ask for all words of the screens; the catalogue of what was asked for is written to `written`. */
export function words(write: (keys: readonly string[]) => void): Plugin {
  const found = new Set<string>();
  return {
    name: "words",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      const [path = ""] = id.split("?");
      if (!SCREENS.test(path) || path.includes(".test.")) return null;
      const made = asked(code, path);
      if (!made) return null;
      made.keys.forEach((key) => found.add(key));
      made.code.prepend(`import { t as __t, parts as __parts } from ${JSON.stringify(HOME)};\n`);
      return { code: made.code.toString(), map: made.code.generateMap({ hires: true }) };
    },
    buildEnd: () => write([...found].sort()),
  };
}
