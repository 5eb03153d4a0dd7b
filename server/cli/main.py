"""`gongdi`: its commands by name. Each is imported when it is used (see `group`)."""

from __future__ import annotations

import click

from server import __version__
from server.cli.group import Teaching

COMMANDS = {
    "serve": ("server.cli.serve:serve", "启动网页和接口, 直到 Ctrl-C。"),
    "prepare": ("server.cli.work:prepare", "一步备好: 数据库, 基础数据, 演示城市 (GONGDI_DEMO=0 不建)。"),
    "scheduler": ("server.cli.work:scheduler", "启动调度: 生成时段、到期判定、升级问题。"),
    "tick": ("server.cli.work:tick", "只做一次调度, 再发送到期的通知、询问监控平台, 打印做了什么 (JSON)。"),
    "import": ("server.cli.import_bureau:import_file", "从一个工作簿导入地点、人员和分配。"),
    "assign": ("server.cli.people:assign", "把地点分配给用户。"),
    "unassign": ("server.cli.people:unassign", "收回用户的地点。"),
    "enrol-code": ("server.cli.people:enrol_code", "给检查员的新平板发一个注册码。"),
    "tablet": ("server.cli.tablet:tablet", "一台参考平板: 注册、离线写记录、同步、查看。"),
    "conform": ("server.cli.conform:conform", "逐条核对一台服务器是否遵守同步协议。"),
    "backup": ("server.cli.backup:backup", "把数据库和照片备份到一个新文件夹; 服务不必停。"),
    "restore": ("server.cli.backup:restore", "从备份文件夹恢复到一个空的数据库, 再核对日志。"),
    "rebuild": ("server.cli.log:rebuild", "从日志重算当前状态, 或用 --check 比较。"),
    "export": ("server.cli.export:export", "把记录和每日数字写成 CSV 文件, 人员用假名。"),
    "verify-log": ("server.cli.log:verify_log", "核对日志: 散列、链、签名、回执。"),
    "bench": ("server.cli.bench:bench", "测量上报、下发和调度的速度。"),
}
GROUPS = {
    "user": (
        "管理用户: 新增、列出、改密码、停用。",
        {
            "add": ("server.cli.people:add", "新增用户 NAME。"),
            "list": ("server.cli.people:show", "列出全部用户。"),
            "password": ("server.cli.people:password", "给用户 NAME 设新密码; 其全部登录立即失效。"),
            "disable": ("server.cli.people:disable", "停用用户 NAME (可用 enable 恢复)。"),
            "enable": ("server.cli.people:enable", "恢复被停用的用户 NAME。"),
        },
    ),
    "person": (
        "依法删除一个人的个人资料 (个人信息保护法第四十七条)。",
        {
            "find": ("server.cli.erase:find", "按证件号码查找一个人在名册上的记录。"),
            "erase": ("server.cli.erase:erase", "删除一个人的全部个人资料。"),
            "erasures": ("server.cli.erase:show", "列出删除的登记和进度。"),
        },
    ),
    "device": (
        "查看平板和闸机, 注销丢失的设备。",
        {
            "list": ("server.cli.people:devices", "列出全部设备, 以及最近联系的时间。"),
            "replace": ("server.cli.people:replace", "换下坏了的设备, 给新平板发注册码。"),
            "retire": ("server.cli.retire:retire", "停用平板, 让它清除自己的数据; 先说还有什么未上传。"),
            "revoke": ("server.cli.people:revoke", "注销丢失或停用的设备。"),
            "take-export": ("server.cli.people:take_in", "导入平板的应急导出文件。"),
        },
    ),
    "site": (
        "管理地点: 新增、列出、停工、复工。",
        {
            "add": ("server.cli.sites:add", "新增在建地点 NAME; 下一次调度就生成检查时段。"),
            "list": ("server.cli.sites:show", "列出全部地点。"),
            "suspend": ("server.cli.sites:suspend", "登记经批准的停工。"),
            "resume": ("server.cli.sites:resume", "地点 SITE 现在复工。"),
            "archive": ("server.cli.archive:archive", "生成归档包, 交档案室。"),
            "alert": ("server.cli.sites:alert", "改变防控级别: 一处, 或一个区县、一个类型的全部。"),
        },
    ),
    "archive": (
        "归档包: 不连服务器核验。",
        {"verify": ("server.cli.archive:verify", "核验归档包 FILE。")},
    ),
    "place": (
        "地点的场所: 新增、改名、停用、列出。",
        {
            "add": ("server.cli.places:add", "给地点新增一处场所。"),
            "rename": ("server.cli.places:rename", "给场所改名; 原来的名称仍认得。"),
            "size": ("server.cli.places:size", "写明一处场所的面积和容量。"),
            "close": ("server.cli.places:close", "停用一处场所。"),
            "list": ("server.cli.places:show", "列出地点的全部场所。"),
        },
    ),
    "platform": (
        "监控平台: 新增、换密钥、停用、列出。",
        {
            "add": ("server.cli.cameras:add", "新增监控平台。"),
            "secret": ("server.cli.cameras:secret", "给平台换密钥。"),
            "close": ("server.cli.cameras:close", "停用一个平台。"),
            "list": ("server.cli.cameras:show", "列出在用的平台; 密钥不显示。"),
        },
    ),
    "camera": (
        "地点的摄像机: 新增、导入、停用。",
        {
            "add": ("server.cli.cameras:add_one", "给地点新增摄像机。"),
            "import": ("server.cli.cameras:import_list", "从文件新增摄像机。"),
            "close": ("server.cli.cameras:close_one", "停用一个摄像机。"),
        },
    ),
    "service": (
        "对接系统: 闸机、实名制平台等程序的账号和密钥。",
        {
            "add": ("server.cli.services:add", "新增对接账号, 显示它的第一把密钥。"),
            "key": ("server.cli.services:key", "给对接账号再发一把密钥。"),
            "revoke": ("server.cli.services:revoke", "作废一把密钥, 立即生效。"),
            "close": ("server.cli.services:close", "停用对接账号, 作废它的全部密钥。"),
            "sink": ("server.cli.services:sink", "新增接收事件的地址, 显示它的签名密钥。"),
            "unsink": ("server.cli.services:unsink", "停用接收事件的地址。"),
            "list": ("server.cli.services:show", "列出在用的账号和密钥; 密钥只显示开头。"),
        },
    ),
    "channel": (
        "通知渠道: 用户不打开网页也能收到通知的途径。",
        {
            "add": ("server.cli.notices:add", "给用户加一个通知渠道。"),
            "list": ("server.cli.notices:show", "列出通知渠道; 地址不显示。"),
            "remove": ("server.cli.notices:remove", "去掉一个通知渠道; 等待它的通知仍可在网页上看到。"),
        },
    ),
    "form": (
        "表单: 检查、发布、比较、取出、停用。",
        {
            "check": ("server.cli.forms:check", "检查表单 FILE, 不发布。"),
            "publish": ("server.cli.forms:publish", "发布表单 FILE, 连同其中的职责和类型。"),
            "diff": ("server.cli.forms:diff", "表单 FILE 和已发布的相比改了什么。"),
            "export": ("server.cli.forms:export", "取出表单 CODE 的工作簿。"),
            "example": ("server.cli.forms:example", "写出一份完整的样表。"),
            "retire": ("server.cli.forms:retire", "停用表单 CODE。"),
            "list": ("server.cli.forms:show", "列出全部表单和版本。"),
        },
    ),
    "pack": (
        "内容包: 一个方案带来的表单、职责、类型和数, 一起装入。",
        {
            "check": ("server.cli.packs:check", "检查内容包 PACK, 什么都不改。"),
            "load": ("server.cli.packs:load", "装入内容包 PACK, 全部或全不。"),
            "switch": ("server.cli.packs:switch", "按日期停用或起用内容包 PACK 的职责。"),
            "list": ("server.cli.packs:show", "列出内容包。"),
        },
    ),
    "report": (
        "周报和月报: 生成并保存, 列出。",
        {
            "make": ("server.cli.reports:make", "生成一份周报或月报并保存。"),
            "list": ("server.cli.reports:show", "列出已生成的周报和月报。"),
        },
    ),
    "duty": (
        "职责: 新增、改版本、列出。",
        {
            "set": ("server.cli.reference:set_duty", "新增职责 CODE, 或给它一个新版本。"),
            "end": ("server.cli.seasons:end", "按日期停用几项职责。"),
            "begin": ("server.cli.seasons:begin", "按日期重新起用几项职责。"),
            "list": ("server.cli.reference:show_duties", "列出在用和将起用的职责。"),
        },
    ),
    "site-kind": (
        "地点类型: 新增、修改、列出。",
        {
            "set": ("server.cli.reference:set_site_kind", "新增或修改地点类型 CODE。"),
            "list": ("server.cli.reference:show_site_kinds", "列出地点类型。"),
        },
    ),
    "place-kind": (
        "场所类型: 新增、修改、列出。",
        {
            "set": ("server.cli.reference:set_place_kind", "新增或修改场所类型 CODE。"),
            "list": ("server.cli.reference:show_place_kinds", "列出场所类型。"),
        },
    ),
    "unit": (
        "科室: 新增、修改、列出。",
        {
            "set": ("server.cli.reference:set_unit", "新增或修改科室 CODE。"),
            "list": ("server.cli.reference:show_units", "列出科室。"),
        },
    ),
    "risk-area": (
        "风险地区: 录入名单, 列出现在的。",
        {
            "import": ("server.cli.risk_areas:import_list", "录入一份名单 (.csv 或 .xlsx)。"),
            "list": ("server.cli.risk_areas:show", "列出现在的风险地区。"),
        },
    ),
    "holidays": (
        "节假日安排: 录入下一年, 看已知到哪一天。",
        {
            "add": ("server.cli.holidays:add", "录入一年的节假日安排。"),
            "list": ("server.cli.holidays:show", "列出已录入的年份。"),
        },
    ),
    "db": (
        "数据库: 升级, 从备份恢复之后的处理。",
        {
            "upgrade": (
                "server.cli.serve:db_upgrade",
                "把数据库升级到本版本 (第一次时建好全部表)。可以重复运行。",
            ),
            "restored": (
                "server.cli.serve:db_restored",
                "从备份恢复之后运行一次: 让每台平板重新核对, 补回备份之后的记录。",
            ),
        },
    ),
    "keys": (
        "加密密钥: 查看, 更换, 停用旧的。",
        {
            "list": ("server.cli.keys:show", "列出数据库认得的密钥 (只有指纹), 以及重新加密的进度。"),
            "rotate": ("server.cli.keys:rotate", "生成一把新密钥, 并说明怎样换上它。不改动任何东西。"),
            "retire": ("server.cli.keys:retire", "停用一把旧的加密密钥。"),
        },
    ),
    "seed": (
        "装入基础数据或演示数据。",
        {
            "reference": ("server.cli.work:seed_reference", "装入区县、科室、工种、职责、规则和节假日。"),
            "end-demo": ("server.cli.work:stop_demo", "结束演示, 转入正式使用。"),
            "demo": ("server.cli.work:seed_demo_city", "建一座演示城市。"),
        },
    ),
}


@click.group(
    cls=Teaching,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gongdi")
def gongdi() -> None:
    """工地 Gongdi: 离线优先的现场检查。

    \b
    第一次使用:
      gongdi db upgrade                       建好数据库
      gongdi seed reference                   装入区县、科室、职责、规则
      gongdi user add li --role admin         新增管理员
      gongdi import 全市.xlsx --commit        导入全部地点、人员和分配, 或者逐个:
      gongdi user add lihua --role inspector  新增检查员
      gongdi site add 东苑一期 --district 410702  新增地点
      gongdi assign lihua 东苑一期            分配地点
      gongdi enrol-code lihua                 给平板发注册码
      gongdi serve                            网页和接口
      gongdi scheduler                        判定时段, 升级问题 (另开一个进程)

    设置全部在环境变量里, 见 docs/CONFIGURATION.md。每个命令都有 --help。
    """


for name, (line, commands) in GROUPS.items():
    gongdi.add_command(Teaching(name, lazy=commands, help=line))
