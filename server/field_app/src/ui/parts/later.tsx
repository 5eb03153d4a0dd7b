// A screen that few need: its script is loaded when it is opened, from what the service worker has kept.

import { type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

interface Props<T> {
  load: () => Promise<ComponentType<T>>;
  with: T;
}

export function Later<T extends object>({ load, with: given }: Props<T>) {
  const [screen, setScreen] = useState<{ Loaded: ComponentType<T> } | null>(null);
  const [isLost, setLost] = useState(false);
  useEffect(() => {
    load().then((Loaded) => setScreen({ Loaded }), () => setLost(true));
  }, [load]);
  if (isLost) return <p class="empty">这一页没有打开, 请重新打开应用。</p>;
  return screen && <screen.Loaded {...given} />;
}
