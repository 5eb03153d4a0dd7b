// A screen whose script is loaded when it is opened, from what the service worker has kept. Once it is here it shows at once.

import { type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

type Load<T> = () => Promise<ComponentType<T>>;

interface Props<T> {
  load: Load<T>;
  with: T;
}

const loaded = new Map<unknown, unknown>(); // by what loads it

export function Later<T extends object>({ load, with: given }: Props<T>) {
  const [, setLoaded] = useState<Load<T> | null>(null);
  const [isLost, setLost] = useState(false);
  const Screen = loaded.get(load) as ComponentType<T> | undefined;
  useEffect(() => {
    if (!Screen) load().then((found) => (loaded.set(load, found), setLoaded(() => load)), () => setLost(true));
  }, [load]);
  if (isLost) return <p class="empty">这一页没有打开, 请重新打开应用。</p>;
  return Screen ? <Screen {...given} /> : null;
}
