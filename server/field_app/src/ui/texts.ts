// What people read, in Chinese, for the codes of this app and of the server.

import { contracts } from "../contracts";

const OWN: Record<string, string> = {
  offline: "连不上服务器, 记录已保存在本机, 有网络时会自动上传。",
  no_answer: "服务器没有及时回答, 记录已保存在本机, 稍后会分成小批再传。",
  bad_answer: "服务器的回答无法识别, 记录仍保存在本机。",
  receipt_invalid: "服务器回执的签名不正确, 记录仍保存在本机。请联系管理员。",
  not_enrolled: "本设备还没有登记。",
  already_enrolled: "本设备已经登记。",
  scope_gone: "您已不再负责这个地点, 不能再写入记录。",
  unknown_record: "本机没有这条记录。",
  observed_ahead: "实际时间不能晚于现在。",
  insecure: "这个地址不安全, 浏览器不提供签名功能。请用 https 地址打开本应用。",
  browser_too_old: "浏览器版本太旧, 不支持 Ed25519 签名。请升级浏览器 (Chrome 137 或更新) 后再登记。",
  entries_waiting: "还有未上传的记录或照片, 请先应急导出, 或等待上传。",
  other_user: "这个注册码属于另一位使用者。本机还有未上传的记录, 请先应急导出, 再用新的注册码登记。",
  unauthenticated: "服务器不认识这台设备 (可能恢复了较早的备份)。记录都保存在本机, 请重新登记。",
  pull_no_room: "本机存储空间不足, 下载暂停; 已保存的记录不受影响, 仍会上传。请清理平板的存储空间。",
  sync_failed: "同步时本机出错, 已保存的记录不受影响, 稍后会再试。",
  storage_full: "本机存储空间已满, 这条记录没有保存。请先同步或导出, 再清理平板的存储空间。",
  not_saved: "没有保存成功, 请再试一次。",
  export_unreadable: "这不是应急导出的文件, 或文件已损坏。",
  export_of_other: "这个文件不是您本人的平板导出的, 不能在这里导入。请由本人在自己的平板上导入。",
  export_without_drafts: "这个文件里没有没写完的内容。未上传的记录请交给管理员导入。",
  server_ahead: "服务器上的记录比本机多: 本机数据可能是从备份恢复的, 请联系管理员。",
  locked: "平板已锁, 请先输入 PIN 码。",
  pin_too_short: "PIN 码须是数字, 至少 6 位。",
  pin_too_simple: "这个 PIN 码太好猜, 不要用同一个数字或连号。",
  pin_differs: "两次输入的 PIN 码不一样。",
  pin_is_set: "这台平板已经设了 PIN 码。",
  pin_missing: "这台平板还没有设 PIN 码。",
  pin_wrong: "PIN 码不对。本机数据不会因此删除。",
  pin_wait: "连错多次, 请稍后再试。本机数据不会因此删除。",
  pin_needs_network: "设 PIN 码要有网络: 先把解锁码交给服务器, 忘记 PIN 码时才不会丢数据。请连上网络后再试。",
  code_wrong: "解锁码不对, 请与管理员核对。",
  chain_differs: "本机与服务器的记录链不一致, 请联系管理员。",
};

/** What a code means and what to do about it. */
export function textOf(code: string): string {
  const known = contracts.codes.envelope[code] ?? contracts.codes.entry[code];
  if (OWN[code]) return OWN[code];
  return known ? `${known[0]}。${known[1]}` : "服务器暂时不能处理, 记录仍保存在本机。";
}

/** The same, of an entry that was refused. */
export function refusalText(code: string): string {
  const known = contracts.codes.entry[code];
  return known ? `${known[0]}。${known[1]}` : textOf(code);
}

export const STATES: Record<string, string> = { synced: "已同步", sent: "已上传", held: "待核对", unsent: "未上传" };
export const OUTCOMES: Record<string, string> = {
  applied: "已生效",
  merged: "已合并",
  contested: "有冲突, 待人工确认",
  held: "服务器已收下, 等待相关记录",
  refused: "被退回",
};
