// What is near its deadline and not done, and who may be measured again: said once aloud, and kept at the head of every screen,
// next to the state of the sync. It takes no room of its own: nothing moves under a finger.

import { useEffect, useRef, useState } from "preact/hooks";
import { word } from "../../contracts";
import { READING } from "../../domain/code_kinds";
import { dues } from "../../domain/duties";
import { isAnyNear, nearDeadlines, readyForRetest } from "../../domain/reminders";
import { retests } from "../../domain/temperature";
import { localDate, localTime, parseMs } from "../../protocol/time";
import type { FieldDatabase } from "../../store/database";
import type { Reference } from "../../store/newcomers";
import { LASTING } from "../../store/records";
import { readSiteDay } from "../../store/site_day";
import { type Item, listedTogether, namesOf } from "../../store/view";
import { useSession } from "../session";
import { alarm } from "./alarm";
import { spanText } from "./span";

const EVERY_MS = 30_000;
const WEIGHED_AGAIN_MS = 5 * 60_000; // thousands of people are not weighed each half minute

interface Reminder {
  key: string;
  text: string;
}

export function ReminderBadge() {
  const reminders = useReminders();
  const first = reminders[0];
  return (
    <a class={first ? "badge bad" : "unseen"} href="#/today" aria-live="polite" hidden={!first}>
      {first && <span>提醒{reminders.length > 1 && ` ${reminders.length}`}</span>}
      {first && <small>{first.text}</small>}
    </a>
  );
}

function useReminders(): readonly Reminder[] {
  const { db, sites, forms, duties, offsetMs, notify } = useSession();
  const [reminders, setReminders] = useState<readonly Reminder[]>([]);
  const said = useRef(new Set<string>());
  const near = useRef(new Map<string, { atMs: number; found: Reminder[] }>());
  useEffect(() => {
    let isOpen = true;
    const look = async () => {
      const nowMs = Date.now() + offsetMs;
      const found = await Promise.all(sites.map((site) => remindersOf(db, site, { forms, duties }, nowMs, near.current)));
      if (isOpen) setReminders(found.flat());
    };
    const lookLater = () => void look().catch((error: unknown) => console.info("no reminders", error));
    lookLater();
    const timer = setInterval(lookLater, EVERY_MS);
    return () => {
      isOpen = false;
      clearInterval(timer);
    };
  }, [db, sites.map(({ scope }) => scope).join(), forms, duties, offsetMs]);
  useEffect(() => {
    const fresh = reminders.filter(({ key }) => !said.current.has(key));
    for (const { key } of fresh) said.current.add(key);
    if (fresh.length === 0) return;
    alarm("good");
    notify(fresh.map(({ text }) => text).join("; "));
    for (const one of fresh) void showOutside(one);
  }, [reminders]);
  return reminders;
}

async function remindersOf(db: FieldDatabase, site: Item, reference: Reference, nowMs: number, known: Map<string, { atMs: number; found: Reminder[] }>): Promise<Reminder[]> {
  const { scope } = site;
  const today = localDate(nowMs);
  const [windows, lasting, checks] = await listedTogether(db, scope, [{ kind: "window", day: today }, { kind: "window", day: LASTING }, { kind: READING, day: today }]);
  const ready = readyForRetest(retests(checks), nowMs);
  const names = await namesOf(db, ready.map(({ worker }) => worker));
  const people = ready.map(({ worker, lastMs }): Reminder => ({ key: `${worker} ${lastMs}`, text: `${names.get(worker) ?? ""} 可以复测` }));
  const open = [...windows, ...lasting].filter(({ body }) => body["state"] === "open").map(({ body }) => parseMs(body["due"]) ?? 0);
  if (!isAnyNear(open, nowMs)) return people;
  const before = known.get(scope);
  if (before && nowMs - before.atMs < WEIGHED_AGAIN_MS && nowMs >= before.atMs) return [...people, ...before.found];
  const found = nearDeadlines(dues(await readSiteDay(db, site, today, reference, nowMs), nowMs), nowMs).map((due): Reminder => {
    const left = due.needed > 0 ? `缺 ${due.needed - due.done} 人, ` : "";
    return { key: due.id, text: `${due.title} ${word("slot", due.slot)}: ${left}${localTime(due.dueMs)} 前, 还有 ${spanText(due.dueMs - nowMs)}` };
  });
  known.set(scope, { atMs: nowMs, found });
  return [...people, ...found];
}

function canAsk(): boolean {
  return "Notification" in globalThis && Notification.permission === "default" && "serviceWorker" in navigator;
}

/** Where the app is not on the screen. A browser that does not allow it shows reminders only in the app. */
async function showOutside({ key, text }: Reminder): Promise<void> {
  if (!("Notification" in globalThis) || Notification.permission !== "granted" || document.visibilityState === "visible") return;
  const registration = await navigator.serviceWorker?.getRegistration("/field/");
  await registration?.showNotification(text, { tag: key, icon: "/field/icon.svg" });
}

/** Asked for at a touch, and once: a page that asks by itself is refused for good. */
export function AskToRemind() {
  const [isAsked, setAsked] = useState(!canAsk());
  if (isAsked) return null;
  return (
    <button type="button" class="quiet small wide" onClick={() => void Notification.requestPermission().finally(() => setAsked(true))}>
      到点提醒: 允许通知 <small>不允许也会在应用里提醒</small>
    </button>
  );
}
