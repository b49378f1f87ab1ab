"""A Django app that answers 10,000 requests, and leaks one block in a hundred of them.

usage: planted_django.py [marks]     with marks: one after each request
"""
import ctypes
import sys

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"], ALLOWED_HOSTS=["*"], USE_TZ=True,
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}])
django.setup()

from django.contrib.auth.models import Group  # noqa: E402 (needs the settings)
from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402

leaked = []


def remember(number):
    if number % 100 == 0:
        leaked.append(bytes(200))


def groups(request, number):
    remember(number)
    return HttpResponse(page.render({"groups": Group.objects.filter(name__startswith="g")[:number % 5 + 1]}))


urlpatterns = [path("groups/<int:number>", groups)]


def main():
    global page
    call_command("migrate", verbosity=0)
    for number in range(10):
        Group.objects.create(name="g%d" % number)
    page = engines["django"].from_string("{% for group in groups %}<li>{{ group.name|upper }}</li>{% endfor %}")
    mark = getattr(ctypes.CDLL(None), "cistern_mark", None) if sys.argv[1:] == ["marks"] else None
    client, answered = Client(), 0
    for number in range(10000):
        answered += len(client.get("/groups/%d" % number).content)
        if mark:
            mark(b"request")
    print(answered, len(leaked))


main()
