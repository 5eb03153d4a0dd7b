// A new version of the app: it is fetched alongside the running one, and takes over when the user says so. In other tabs
// a form may be half filled in: they are notified, and change when the user goes to another screen.

import { useEffect, useState } from "preact/hooks";
import type { FieldDatabase } from "../store/database";
import { useLive } from "./session";

const EVERY_MS = 3600_000; // an app on the home screen stays open for days

export interface Update {
  text: string;
  take: () => void;
}

/** What to offer once there is a new version; null before. */
export function useUpdate(db: FieldDatabase): Update | null {
  const [waiting, setWaiting] = useState<ServiceWorker | null>(null);
  const [isElsewhere, setElsewhere] = useState(false);
  const trouble = useLive(() => db.note("trouble"), [db], ["notes"]);
  useEffect(() => void watch(setWaiting, () => setElsewhere(true)).catch(noServiceWorker), []);
  useEffect(() => {
    if (trouble === "upgrade_required") void lookForUpdate();
  }, [trouble]);
  if (isElsewhere) return { text: "应用已在另一个窗口更新。填完这一页再更新, 或换页时自动更新。", take: reload };
  return waiting && { text: "应用有新版本, 未上传的记录不受影响。", take: () => takeOver(waiting) };
}

let isWanted = false; // this tab asked for it

function takeOver(worker: ServiceWorker): void {
  isWanted = true;
  worker.postMessage("take over");
}

function reload(): void {
  location.reload();
}

async function watch(setWaiting: (worker: ServiceWorker | null) => void, onElsewhere: () => void): Promise<void> {
  if (!navigator.serviceWorker) return;
  let isControlled = !!navigator.serviceWorker.controller;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!isControlled) return void (isControlled = true); // the first one of all changes nothing
    if (isWanted) return reload();
    onElsewhere();
    addEventListener("hashchange", reload);
  });
  const registration = await navigator.serviceWorker.register("/field/sw.js", { scope: "/field/" });
  const look = () => registration.active && setWaiting(registration.waiting); // the very first one has nothing to replace
  look();
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", look));
  addEventListener("online", () => void lookForUpdate());
  setInterval(() => void lookForUpdate(), EVERY_MS);
}

async function lookForUpdate(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration("/field/");
  await registration?.update().catch(() => undefined); // offline: next time
}

function noServiceWorker(error: unknown): void {
  console.info("no service worker", error);
}
