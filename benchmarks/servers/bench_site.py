"""The Django site of the tests, with what it takes to be as fast as a site can be set up to be."""
from django.db import connection, connections
from django.db.backends.signals import connection_created
from django.urls import path
from django_site import Hello, application, urlpatterns  # noqa: F401
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication


class Stateless(Hello):
    """Content with the token, as our guard is; `/me/` looks the user up, as JWTAuthentication does by default."""
    authentication_classes = [JWTStatelessUserAuthentication]


def tune(connection, **kwargs):
    """As our SQLite is measured: a commit does not wait for the disk."""
    with connection.cursor() as cursor:
        cursor.execute('PRAGMA journal_mode = WAL')
        cursor.execute('PRAGMA synchronous = NORMAL')


urlpatterns.insert(0, path('hello/', Stateless.as_view()))
connections.databases['default']['CONN_MAX_AGE'] = None  # by default it opens the database at each request
connection_created.connect(tune)
connection.close()  # the one that is open was not tuned
