// A new version of the app: it is fetched beside the running one, and takes over when the person says so.

import { useEffect, useState } from "preact/hooks";

const EVERY_MS = 3600_000; // an app on the home screen stays open for days

/** A function that changes to the new version, once there is one. */
export function useUpdate(): (() => void) | null {
  const [waiting, setWaiting] = useState<ServiceWorker | null>(null);
  useEffect(() => {
    if (!navigator.serviceWorker) return;
    let isControlled = !!navigator.serviceWorker.controller;
    const watch = async () => {
      const registration = await navigator.serviceWorker.register("/field/sw.js", { scope: "/field/" });
      const look = () => registration.active && setWaiting(registration.waiting); // the first one of all waits for nobody
      look();
      registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", look));
      const ask = () => void registration.update().catch(() => undefined); // offline: next time
      addEventListener("online", ask);
      setInterval(ask, EVERY_MS);
    };
    void watch().catch((error) => console.info("no service worker", error));
    navigator.serviceWorker.addEventListener("controllerchange", () => {
      if (isControlled) location.reload();
      isControlled = true;
    });
  }, []);
  return waiting && (() => waiting.postMessage("take over"));
}
