"""A Flask app that answers 10,000 requests, and leaks one block in a hundred of them.

usage: planted_flask.py [marks]     with marks: one after each request
"""
import ctypes
import sys

from flask import Flask, jsonify, render_template_string, request

app = Flask(__name__)
leaked = []


def remember(number):
    if number % 100 == 0:
        leaked.append(bytes(200))


@app.get("/j/<int:number>")
def numbers(number):
    remember(number)
    return jsonify(list(range(number % 50)))


@app.post("/t")
def table():
    return render_template_string("{% for i in r %}<b>{{ i }}</b>{% endfor %}", r=request.get_json()["r"])


def main():
    mark = getattr(ctypes.CDLL(None), "cistern_mark", None) if sys.argv[1:] == ["marks"] else None
    client, answered = app.test_client(), 0
    for number in range(10000):
        if number % 10 == 9:
            answered += len(client.post("/t", json={"r": list(range(20))}).data)
        else:
            answered += len(client.get("/j/%d" % number).data)
        if mark:
            mark(b"request")
    # The interpreter's cache of attribute look-ups keeps a reference to each name that it has a place for, by address
    # (Objects/typeobject.c, _PyType_Lookup, 3.10), and jinja makes the names of its methods anew for each template: that grows until
    # 4,096 places are full.
    sys._clear_type_cache()
    print(answered, len(leaked))


main()
