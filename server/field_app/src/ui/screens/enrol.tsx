// 登记: a code, typed or brought by a QR code, enrols this tablet.

import { useState } from "preact/hooks";
import { contracts } from "../../contracts";
import { failureCode } from "../../store/database";
import { hasMarker } from "../../store/marker";
import { enrol } from "../../sync/enrol";
import { ExchangeFailed } from "../../sync/exchange";
import { Scanner } from "../parts/scanner";
import { codeOf, go } from "../route";
import { useSession } from "../session";
import { useTablet } from "../tablet";
import { textOf } from "../texts";

export function Enrol() {
  const { people, lock } = useTablet();
  return (
    <main class="enrol">
      <EnrolForm title="登记这台设备">
        {hasMarker() && people.length === 1 && (
          <p class="alert" role="alert">
            这台设备登记过, 但浏览器已清除本机数据 (多因存储空间不足), 当时没有上传的记录已丢失。请告知管理员停用原来的设备,
            并用新的注册码登记。
          </p>
        )}
      </EnrolForm>
      {people.length > 1 && (
        <button class="quiet" onClick={() => lock(people[0]!.db)}>
          不登记, 返回
        </button>
      )}
    </main>
  );
}

/** The first time, or again when the server does not know this tablet any more. */
export function EnrolForm({ title, children }: { title: string; children?: preact.ComponentChildren }) {
  const { syncer, fromLink } = useSession();
  const [code, setCode] = useState(fromLink);
  const [name, setName] = useState("平板");
  const [problem, setProblem] = useState("");
  const [isAsking, setAsking] = useState(false);
  const join = async (event: Event) => {
    event.preventDefault();
    setAsking(true);
    setProblem("");
    try {
      await enrol(syncer.exchange, code.trim(), name.trim());
      go("/today");
      await syncer.now();
    } catch (error) {
      const failed = error instanceof ExchangeFailed ? error.trouble.code : failureCode(error);
      setProblem(failed === "offline" ? "连不上服务器, 登记需要网络。请连上网络后再试。" : textOf(failed));
    }
    setAsking(false);
  };
  return (
    <form class="card" onSubmit={join}>
      <h1>{title}</h1>
      {children}
      <p class="muted">向管理员索取注册码, 或扫描登记二维码。注册码十分钟内有效, 只能用一次。</p>
      <label>
        注册码
        <input
          class="code"
          value={code}
          required
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          onInput={(event) => setCode(event.currentTarget.value)}
        />
      </label>
      <Scanner title="扫描登记二维码" onRead={(text) => setCode(codeOf(text) || text.trim())} />
      <label>
        设备名称
        <input
          value={name}
          required
          maxLength={contracts.limits.device_name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {problem && (
        <p class="alert" role="alert">
          {problem}
        </p>
      )}
      <button class="main" disabled={isAsking}>
        {isAsking ? "正在登记…" : "登记"}
      </button>
      <p class="muted">登记后, 没有网络也能记录; 有网络时自动上传。</p>
    </form>
  );
}
