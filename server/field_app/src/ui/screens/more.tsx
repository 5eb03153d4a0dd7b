// 更多: on a phone, the rooms for which the bar has no space.

import { Icon } from "../parts/icon";

export function More({ rooms }: { rooms: readonly (readonly [path: string, name: string, icon: string])[] }) {
  return (
    <section>
      <h1 class="unseen">更多</h1>
      <ul class="tiles">
        {rooms.map(([path, name, icon]) => (
          <li key={path}>
            <a href={`#${path}`}>
              <Icon name={icon} />
              {name}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
