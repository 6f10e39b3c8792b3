"""Prints, as JSON lines, the documented functions of the Python files named on standard input."""
import ast
import json
import sys

for name in sys.stdin.read().split("\0"):
    try:
        with open(name, encoding="utf-8") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        continue
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        text = ast.get_docstring(node)
        if text is None:
            continue
        first = node.body[0]
        print(json.dumps({
            "file": name,
            "line": node.lineno,
            "doc": text,
            "from": first.lineno,
            "to": first.end_lineno,
            "body": node.end_lineno - first.end_lineno,
        }))
