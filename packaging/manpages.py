#!/usr/bin/env python3
"""Writes a manual page for each command, from what `vaultwatch --experimental-dump-help` says; man(7).

Usage: manpages.py VERSION SECONDS_SINCE_EPOCH FOLDER < help.json
"""
import json
import sys
import time

EXIT_STATUS = [
    ("0", "Success."),
    ("1", "Failure; for status also: something deserves a look."),
    ("2", "Wrong usage; for status also: something is critical."),
    ("3", "Findings of a lint; for status also: the agent does not answer."),
]
FILES = [
    ("/etc/vaultwatch/vaultwatch.yml", "The configuration."),
    ("/etc/vaultwatch/secrets/", "Secrets, one a file, readable by the group vaultwatch."),
    ("/etc/vaultwatch/rules/", "Rules of one's own."),
    ("/etc/default/vaultwatch", "Arguments of the service."),
    ("/usr/share/vaultwatch/rules/", "The shipped rules."),
    ("/usr/share/vaultwatch/drills/", "The shipped scenarios of drills."),
    ("/etc/vaultwatch/drill-hooks/", "The operator's own programs, which drills run."),
    ("/usr/share/doc/vaultwatch/examples/", "A full sample of the configuration, policies and drop-ins."),
    ("/run/vaultwatch/vaultwatch.sock", "The socket over which root and the group vaultwatch change things."),
    ("/var/lib/vaultwatch/", "The journal: alerts, silences, and messages that wait."),
]


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in ".'" else line for line in text.split("\n"))


def names(argument):
    def written(name):
        value = "" if argument["kind"] == "flag" else "=" + argument["valueName"].split(".")[-1].upper()
        if name["kind"] == "short":
            return ("-" + name["name"], value.replace("=", " "))
        return (("-" if name["kind"] == "longWithSingleDash" else "--") + name["name"], value)

    return [written(name) for name in argument.get("names") or []]


def bold(text):
    return "\\fB" + escaped(text) + "\\fR"


def italic(text):
    return "\\fI" + escaped(text) + "\\fR"


def term(argument):
    if argument["kind"] == "positional":
        return italic(argument["valueName"])
    return ", ".join(bold(name) + value[:1] * bool(value) + (italic(value[1:]) if value else "")
                     for name, value in names(argument))


def synopsis(words, command):
    parts = [bold(" ".join(words))]
    if command.get("subcommands"):
        parts.append(italic("subcommand"))
    elif any(a["kind"] != "positional" for a in shown(command)):
        parts.append("[" + italic("options") + "]")
    for argument in shown(command):
        if argument["kind"] == "positional":
            text = italic(argument["valueName"]) + (" ..." if argument["isRepeating"] else "")
            parts.append("[" + text + "]" if argument["isOptional"] else text)
        elif not argument["isOptional"]:
            name, value = names(argument)[0]
            parts.insert(1, bold(name) + value[:1] + italic(value[1:]))
    return " ".join(parts)


def shown(command):
    return [a for a in command.get("arguments") or [] if a["shouldDisplay"]]


def described(argument):
    text = (argument.get("abstract") or "").strip()
    default = argument.get("defaultValue")
    if default:
        text += (" " if text else "") + "Default: " + default + "."
    return text


def discussion(text):
    """Paragraphs; lines that are indented stay as they are."""
    out, in_lines = [], False
    for line in text.strip("\n").split("\n"):
        if line.startswith("  "):
            if not in_lines:
                out += [".PP", ".RS 4", ".nf"]
                in_lines = True
            out.append(escaped(line.strip()))
            continue
        if in_lines:
            out += [".fi", ".RE"]
            in_lines = False
        if line.strip() in ("Examples:", "Example:"):
            out.append(".SH EXAMPLES")
        elif line.strip():
            out.append(escaped(line.strip()))
        else:
            out.append(".PP")
    if in_lines:
        out += [".fi", ".RE"]
    return out


def page(words, command, version, date, see):
    title = "-".join(words)
    out = [f'.TH {title.upper()} 1 "{date}" "vaultwatch {version}" "User Commands"', ".SH NAME"]
    out.append(escaped(title) + " \\- " + escaped(command["abstract"].rstrip(".").replace("\n", " ")))
    out += [".SH SYNOPSIS", synopsis(words, command), ".SH DESCRIPTION", escaped(command["abstract"])]
    body = discussion(command.get("discussion") or "")
    split = body.index(".SH EXAMPLES") if ".SH EXAMPLES" in body else len(body)
    if split:
        out += [".PP"] + body[:split]
    subcommands = [c for c in command.get("subcommands") or [] if c["commandName"] != "help"]
    if subcommands:
        out.append(".SH COMMANDS")
        for sub in subcommands:
            out += [".TP", bold(sub["commandName"]), escaped(sub["abstract"])]
    if shown(command):
        out.append(".SH OPTIONS")
        for argument in shown(command):
            out += [".TP", term(argument), escaped(described(argument))]
    out += body[split:]
    for heading, rows in (("EXIT STATUS", EXIT_STATUS), ("FILES", FILES)):
        out.append(".SH " + heading)
        for name, text in rows:
            out += [".TP", bold(name), escaped(text)]
    out.append(".SH SEE ALSO")
    out += [f".BR {escaped(name)} (1)" + ("," if name != see[-1] else "") for name in see]
    return "\n".join(line for line in out if line) + "\n"


def walk(words, command):
    yield words, command
    for sub in command.get("subcommands") or []:
        if sub["commandName"] != "help" and sub.get("shouldDisplay", True):
            yield from walk(words + [sub["commandName"]], sub)


def main():
    version, seconds, folder = sys.argv[1:]
    date = time.strftime("%Y-%m-%d", time.gmtime(int(seconds)))
    pages = list(walk(["vaultwatch"], json.load(sys.stdin)["command"]))
    for words, command in pages:
        # The command above and those right below.
        see = ["-".join(other) for other, _ in pages if other == words[:-1] or other[:-1] == words]
        with open(f"{folder}/{'-'.join(words)}.1", "w", encoding="utf-8") as file:
            file.write(page(words, command, version, date, see))


main()
