// A form that is filled in at the console: its answers show and hide what depends on them, and what is wrong stands at its
// field, by the same walk as on a tablet. Without this script everything is shown; either way the server judges what is sent.
import { shown as asShown } from "../domain/expressions";
import type { Form, FormItem } from "../domain/form";
import { changeProblems, type Problems, walk } from "../domain/form_walk";
import type { Body } from "../protocol/entry";
import { numberOf, valueOf } from "./typed";

/** What the page says of its form. `rules`: the numbers in force today. `place`: the field whose options are places; `places`:
 * what a body says of each. `isEdit`: changes of a record, of which a field that is left empty may say nothing. */
interface Filling {
  form: Form;
  rules: Record<string, number>;
  today: string;
  place: string | null;
  places: Record<string, Body>;
  isEdit: boolean;
}

type Control = HTMLInputElement | HTMLSelectElement;

interface State {
  shown: ReadonlySet<string> | null; // null: all
  required: ReadonlySet<string>;
  problems: Problems;
  calculated: Record<string, unknown>;
}

const POINT = ["latitude_deg", "longitude_deg", "accuracy_m"];

export function begin(page: HTMLFormElement): void {
  const filling = JSON.parse(page.dataset["fill"]!) as Filling;
  const blocks = [...page.querySelectorAll<HTMLElement>("[data-item]")];
  const [typed, touched] = [new Set<string>(), new Set<string>()];
  const update = () => {
    const state = stateOf(page, filling);
    for (const block of blocks) show(block, state, touched.has(block.dataset["item"]!));
  };
  const itemOf = ({ target }: Event) => (target instanceof Element ? (target.closest<HTMLElement>("[data-item]")?.dataset["item"] ?? "") : "");
  // What is half typed is not wrong yet: a fault is said when its field is left.
  page.addEventListener("input", (event) => {
    typed.add(itemOf(event));
    update();
  });
  for (const left of ["change", "focusout"]) {
    page.addEventListener(left, (event) => {
      if (left === "change" || typed.has(itemOf(event))) touched.add(itemOf(event));
      update();
    });
  }
  addEventListener("pageshow", update); // the browser may have put answers back
  update();
  for (const when of page.querySelectorAll(".when")) when.remove(); // last: a browser too old for this keeps the whole page
}

function stateOf(page: HTMLFormElement, filling: Filling): State {
  const { form, rules, isEdit } = filling;
  const observed = textsOf(page, "observed")[0];
  const context = { today: observed?.slice(0, 10) ?? filling.today, rule: (code: string) => rules[code] ?? null };
  const body: Body = Object.assign({}, ...form.items.map((item) => answerOf(page, filling, item)));
  if (!isEdit) {
    const { shown, required, problems, doubts, calculated } = walk(form, body, context);
    return { shown, required, problems: { ...doubts, ...problems }, calculated };
  }
  const emptied = form.items.filter(({ name, type, mask }) => !(name in body) && !mask && type !== "image" && type !== "file");
  const changes: Body = { ...Object.fromEntries(emptied.map(({ name }) => [name, null])), ...body };
  return { shown: null, required: new Set(), problems: changeProblems(form, changes, context), calculated: {} };
}

/** What was filled in for an item, as a body has it; nothing where it was left empty. */
function answerOf(page: HTMLFormElement, { place, places }: Filling, { name, type }: FormItem): Body {
  if (type === "image" || type === "file") {
    const chosen = controlsOf(page, name).flatMap((one) => [...((one as HTMLInputElement).files ?? [])]);
    const hashes = [...textsOf(page, `kept.${name}`), ...chosen.map((_, i) => hashFor(name, i))];
    return hashes.length > 0 ? { [name]: hashes } : {};
  }
  if (type === "geopoint") {
    const parts = POINT.map((part) => [part, textsOf(page, `${name}.${part}`)[0]] as const);
    if (parts.every(([, text]) => text === undefined)) return {};
    return { [name]: Object.fromEntries(parts.map(([part, text]) => [part, numberOf(text ?? "")])) };
  }
  const texts = textsOf(page, name);
  if (texts.length === 0) return {};
  if (name === place) return places[texts[0]!] ?? { [name]: texts[0] };
  return { [name]: valueOf(type, texts) };
}

/** Stands for a file that has no hash yet: no two fields have the same. */
function hashFor(name: string, i: number): string {
  const codes = [...`${name} ${i}`].map((sign) => sign.charCodeAt(0).toString(16).padStart(2, "0"));
  return codes.join("").slice(-64).padStart(64, "0");
}

function controlsOf(page: HTMLFormElement, name: string): Control[] {
  return [...page.querySelectorAll<Control>(`[name="${CSS.escape(name)}"]`)];
}

function textsOf(page: HTMLFormElement, name: string): string[] {
  const ticked = controlsOf(page, name).filter((one) => one.type !== "checkbox" || (one as HTMLInputElement).checked);
  return ticked.map(({ value }) => value.trim()).filter((text) => text !== "");
}

function show(block: HTMLElement, state: State, isTouched: boolean): void {
  const name = block.dataset["item"]!;
  const isHere = state.shown === null || state.shown.has(name);
  block.hidden = !isHere;
  // What is hidden is not sent: the server would drop it.
  for (const control of block.querySelectorAll<Control>("input, select")) control.disabled = !isHere;
  const must = block.querySelector<HTMLElement>(".must.sometimes");
  if (must) must.hidden = !state.required.has(name);
  const output = block.querySelector("output");
  if (output) output.value = calculatedText(state.calculated[name]);
  if (isTouched || !isHere) say(block, isHere ? (state.problems[name] ?? "") : "");
}

function calculatedText(value: unknown): string {
  const known = asShown((value ?? null) as Parameters<typeof asShown>[0]);
  return known === null ? "–" : known === true ? "是" : known === false ? "否" : String(known);
}

/** What is wrong with a field, in place of what the server said of it before. */
function say(block: HTMLElement, text: string): void {
  const before = block.querySelector(".alert.wrong");
  if (before?.textContent === text) return;
  before?.remove();
  for (const control of block.querySelectorAll<Control>("input, select")) {
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
  if (!text) return;
  const said = document.createElement("p");
  said.className = "alert wrong";
  said.setAttribute("role", "alert");
  said.textContent = text;
  block.append(said);
}

for (const page of document.querySelectorAll<HTMLFormElement>("form[data-fill]")) begin(page);
