"""click's own words in Chinese: headings of help pages, prompts, and messages about wrong arguments.

click looks its words up through gettext, which would take a compiled catalogue and a language setting that a bare machine
does not have. So the look-up that its modules share is replaced; a test holds this table against click's sources.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

WORDS = {
    "Aborted!": "已中止。",
    "Argument {name!r} takes {nargs} values.": "参数 {name!r} 要 {nargs} 个值。",
    "Boolean option {decl!r} cannot use the same flag for true/false.": "选项 {decl!r} 的开和关不能同名。",
    "Choice({choices})": "Choice({choices})",
    "Choose from:\n\t{choices}": "可选:\n\t{choices}",
    "Commands": "命令",
    "Confirm the action without prompting.": "不再询问, 直接执行。",
    "Could not open file {filename!r}: {message}": "无法打开文件 {filename!r}: {message}",
    "Did you mean {possibility}?": "是不是 {possibility}?",
    "(Did you mean one of: {possibilities}?)": "是不是其中之一: {possibilities}?",
    "Do you want to continue?": "继续吗?",
    "Error: The two entered values do not match.": "错误: 两次输入不一致。",
    "Error: invalid input": "错误: 输入有误",
    "Error: {message}": "错误: {message}",
    "Got unexpected extra argument ({args})": "多余的参数 ({args})",
    "Got unexpected extra arguments ({args})": "多余的参数 ({args})",
    "Invalid value for {param_hint}: {message}": "{param_hint} 的值有误: {message}",
    "Invalid value: {message}": "值有误: {message}",
    "Missing argument": "缺少参数",
    "Missing command.": "缺少命令。",
    "Missing option": "缺少选项",
    "Missing parameter": "缺少参数",
    "Missing parameter: {param_name}": "缺少参数: {param_name}",
    "Missing {param_type}": "缺少 {param_type}",
    "No such command {name!r}.": "没有命令 {name!r}。",
    "No such option {name!r}.": "没有选项 {name!r}。",
    "Option {name!r} does not take a value.": "选项 {name!r} 不带值。",
    "Option {name!r} requires an argument.": "选项 {name!r} 要带一个值。",
    "Option {name!r} requires {nargs} arguments.": "选项 {name!r} 要带 {nargs} 个值。",
    "Options": "选项",
    "Positional arguments": "参数",
    "Press any key to continue...": "按任意键继续...",
    "Repeat for confirmation": "再输一次",
    "Show the version and exit.": "显示版本。",
    "Show this message and exit.": "显示本页。",
    "Takes {nargs} values but 1 was given.": "要 {nargs} 个值, 只给了 1 个。",
    "Takes {nargs} values but {len} were given.": "要 {nargs} 个值, 给了 {len} 个。",
    "Try '{command} {option}' for help.": "用法见 '{command} {option}'。",
    "Usage:": "用法:",
    "Value must be an iterable.": "要给出多个值。",
    "default: {default}": "默认: {default}",
    "directory": "目录",
    "env var: {var}": "环境变量: {var}",
    "file": "文件",
    "path": "路径",
    "required": "必填",
    "unknown error": "未知错误",
    "{len_type} values are required, but {len_value} was given.": "要 {len_type} 个值, 给了 {len_value} 个。",
    "{len_type} values are required, but {len_value} were given.": "要 {len_type} 个值, 给了 {len_value} 个。",
    "{name} {filename!r} does not exist.": "{name} {filename!r} 不存在。",
    "{name} {filename!r} is a directory.": "{name} {filename!r} 是目录。",
    "{name} {filename!r} is a file.": "{name} {filename!r} 是文件。",
    "{name} {filename!r} is not executable.": "{name} {filename!r} 不能执行。",
    "{name} {filename!r} is not readable.": "{name} {filename!r} 不能读。",
    "{name} {filename!r} is not writable.": "{name} {filename!r} 不能写。",
    "{value!r} does not match the format {format}.": "{value!r} 不合格式 {format}。",
    "{value!r} does not match the formats {formats}.": "{value!r} 不合下列格式: {formats}。",
    "{value!r} is not a valid UUID.": "{value!r} 不是编号 (UUID)。",
    "{value!r} is not a valid boolean. Recognized values: {states}": "{value!r} 不是是或否; 可写: {states}",
    "{value!r} is not a valid {number_type}.": "{value!r} 不是{number_type}。",
    "{value!r} is not one of {choices}.": "{value!r} 不在可选之列: {choices}。",
    "{value!r} is not {choice}.": "{value!r} 不是 {choice}。",
    "{value} is not in the range {range}.": "{value} 不在范围 {range} 之内。",
    "%(prog)s, version %(version)s": "%(prog)s, 版本 %(version)s",
}
MODULES = ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types")
# What stands for a value in a help page, and in the message that a value is none.
_VALUES = {
    "text": "文字",
    "integer": "整数",
    "integer range": "整数",
    "float": "数",
    "uuid": "编号",
    "datetime": "日期",
}


def speak_chinese() -> None:
    """Give click's modules the words of this table; a word that is not in it stays English."""
    for name in MODULES:
        module: Any = importlib.import_module(f"click.{name}")
        for attribute, replacement in (("_", _word), ("ngettext", _plural)):
            if hasattr(module, attribute):
                setattr(module, attribute, replacement)
    for kind in vars(click.types).values():
        if isinstance(kind, type) and issubclass(kind, click.ParamType) and vars(kind).get("name") in _VALUES:
            named: Any = kind
            named.name = _VALUES[named.name]


def _word(english: str) -> str:
    return WORDS.get(english, english)


def _plural(one: str, many: str, count: int) -> str:
    return _word(one if count == 1 else many)
