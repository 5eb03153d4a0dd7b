// Where we are: the part of the address after `#`, `#/temperature?worker=…`. It works without a network and goes back.

import { useEffect, useState } from "preact/hooks";

export interface Route {
  path: string;
  query: URLSearchParams;
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?");
  return { path: path.startsWith("/") ? path : "/today", query: new URLSearchParams(query) };
}

export function go(path: string): void {
  location.hash = `#${path}`;
}

/** To be taken before a write, and used after it: goes on from here, unless the person went elsewhere meanwhile. */
export function onward(): (path: string) => void {
  const here = location.hash;
  return (path) => location.hash === here && go(path);
}

/** The enrolment code in an address, `…#code=…`; "" in any other text. */
export function codeOf(address: string): string {
  return new URLSearchParams(address.split("#")[1] ?? "").get("code") ?? "";
}

/** The enrolment code that a QR code brought in the address; it is taken out of it, so that it is not kept in a history. */
export function codeFromLink(): string {
  const code = codeOf(location.hash);
  if (code) history.replaceState(null, "", location.pathname);
  return code;
}
