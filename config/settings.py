"""All settings of Cage, read from the environment here and nowhere else.

`SECRET_KEY`, `DATABASE_URL`, `REDIS_URL` and `PROVIDERS` are required: without one of them the
process refuses to start, because a forgotten URL must never serve an empty ledger. Every name can
also be given as `NAME_FILE`, the path of a file that holds the value.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
import structlog
from csp.constants import NONE, SELF, UNSAFE_EVAL
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.text import format_lazy

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# How many reverse proxies stand in front of Cage. Only that many entries at the right end of
# ADDRESS_HEADER were written by somebody we trust; with 0 the header is ignored.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
# The header that they write the caller's address into. To a WSGI server X_Forwarded_For is
# X-Forwarded-For: where the proxy lets names with underscores pass to one, choose a single word.
ADDRESS_HEADER = env.str("ADDRESS_HEADER", default="X-Forwarded-For")

# The process's own variables that look like headers where a server mixes the two (HTTP_PROXY).
NO_HEADERS = frozenset(name for name in os.environ if name.startswith("HTTP_"))

# One JSON object, name -> configuration; providers.registry reads it.
PROVIDERS = env.str("PROVIDERS")

# Of the logins that `demo_staff` makes in a demo database, one for each role.
DEMO_STAFF_PASSWORD = env.str("DEMO_STAFF_PASSWORD", default="")

# A provider's time-out is as short as 3 s (JDB): after this long the answer is "no verdict".
ANSWER_WITHIN = timedelta(seconds=2)

# Deliveries that wait at the same time are settled in one transaction (providers.writer).
GROUP_COMMIT = env.bool("GROUP_COMMIT", default=True)

# A web process keeps to one core (config.cores): only where these cores are not others' too.
ONE_CORE_EACH = env.bool("ONE_CORE_EACH", default=False)

# -- Applications ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "csp",
    "rest_framework",
    "django_celery_beat",
    "wallets",
    "providers",
    "reconciliation",
    "simple_history",
]

MIDDLEWARE = [
    "providers.middleware.straight_to_callbacks",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "reconciliation.office.login.middleware.headers",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "reconciliation.office.login.middleware.session_limits",
    "reconciliation.office.login.middleware.one_time_password",
    "axes.middleware.AxesMiddleware",
    "reconciliation.office.zones.viewing.in_the_viewers_zone",
    "reconciliation.office.work.asker.remember",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- Database --------------------------------------------------------------------------------
# `default` is the role that web, Celery and commands use: it may only insert into the money
# tables. `owner` runs migrations: `manage.py migrate --database owner`. Tests run as the former
# on a database made by the latter, hence the mirror.

DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL"),
        "ENGINE": "config.database",
        "CONN_MAX_AGE": None,
        # A database host that vanished is noticed in seconds, not after the kernel's minutes.
        "OPTIONS": {
            **env.db_url("DATABASE_URL").get("OPTIONS", {}),
            "connect_timeout": 2,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "tcp_user_timeout": 3000,
            # The money's statements are planned once per connection. A pooler that hands each
            # transaction to another connection has to know of them: off behind pgbouncer < 1.22.
            "prepare_threshold": 2 if env.bool("PREPARED_STATEMENTS", default=True) else None,
        },
        "TEST": {"MIRROR": "owner"},
    },
    "owner": {
        **env.db_url("MIGRATE_DATABASE_URL", default=env.str("DATABASE_URL")),
        "ENGINE": "config.database",
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Celery ----------------------------------------------------------------------------------

CELERY_BROKER_URL = env.str("REDIS_URL")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "partitions ahead": {
        "task": "providers.tasks.make_partitions",
        "schedule": timedelta(hours=6),
    },
    "cases": {"task": "reconciliation.tasks.update_cases", "schedule": timedelta(minutes=1)},
    # Of the providers with `reconcile_daily`; it does nothing where nothing has changed.
    "statements": {
        "task": "reconciliation.tasks.reconcile_yesterday",
        "schedule": timedelta(hours=1),
    },
    "figures": {"task": "reconciliation.tasks.update_figures", "schedule": timedelta(minutes=2)},
    "alerts": {"task": "reconciliation.tasks.send_alerts", "schedule": timedelta(minutes=1)},
}

# -- Alerts: who is told of a case that needs a person; without addresses nobody is ---------------

vars().update(env.email_url("EMAIL_URL", default="consolemail://" if DEBUG else "dummymail://"))
DEFAULT_FROM_EMAIL = env.str("ALERT_FROM", default="cage@localhost")
ALERT_EMAILS = env.list("ALERT_EMAILS", default=[])
ALERT_WEBHOOK_URL = env.str("ALERT_WEBHOOK_URL", default="")
# The receiver checks `Cage-Signature` with it.
ALERT_WEBHOOK_SECRET = env.str("ALERT_WEBHOOK_SECRET") if ALERT_WEBHOOK_URL else ""
# Currency -> the amount at risk from which an unsettled one is told at once.
ALERT_THRESHOLDS = env.json("ALERT_THRESHOLDS", default={})

# -- Work on cases ---------------------------------------------------------------------------

# How long a case has needed a person when it is no longer fresh, and when it is old.
CASE_AGES = (timedelta(hours=4), timedelta(hours=24))
# Of one file that somebody attaches to a case, in bytes.
ATTACHMENT_BYTES = 5 * 1024 * 1024
# Deliveries of one evidence pack; what is left out is said in it.
PACK_DELIVERIES = 500

# -- What is kept ----------------------------------------------------------------------------

# Months of callbacks, besides the current one, that `prune_callbacks` never removes. A year and a
# month: whatever is compared with last year, or disputed within one, has its deliveries.
CALLBACKS_KEPT_MONTHS = env.int("CALLBACKS_KEPT_MONTHS", default=13)

# -- Language, time, static files ------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
# The business day that figures are kept by: whose clock, and when it starts there ("06:00").
BUSINESS_DAY_ZONE = env.str("BUSINESS_DAY_ZONE", default=TIME_ZONE)
BUSINESS_DAY_STARTS = env.str("BUSINESS_DAY_STARTS", default="00:00")
USE_I18N = False
STATIC_URL = "static/"
# The web process serves the admin's few files itself, from where they are installed.
WHITENOISE_USE_FINDERS = True

# -- Transport security ----------------------------------------------------------------------
# DEBUG is for a person at a keyboard, on plain HTTP. Everywhere else a proxy ends TLS and says so.

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_SSL_REDIRECT = not DEBUG
# A POST can't be redirected, and a load balancer probes without TLS.
SECURE_REDIRECT_EXEMPT = [r"^callbacks/", r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

# `__Host-`: a browser takes such a cookie from this very host, over TLS and for all paths only, so
# that no neighbour under the same domain can plant one.
SESSION_COOKIE_NAME = "sessionid" if DEBUG else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if DEBUG else "__Host-csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"

# Only what Cage itself serves, no inline script, no inline style, no frame. Two exceptions:
# unfold's pages are written for Alpine, which makes functions from their attributes ('unsafe-eval';
# an attribute is not a script, and whoever could write one into a page needs no eval), and unfold's
# style sheet draws ticks and arrows as data: images.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# -- Login: a password, a one-time password (not in a demo database), and not for ever ---------

AUTHENTICATION_BACKENDS = ["reconciliation.office.login.backend.GuardedBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
LOGIN_URL, LOGIN_REDIRECT_URL = "admin:login", "admin:index"
OTP_TOTP_ISSUER = env.str("OTP_ISSUER", default="Cage")

# A session ends when nothing was asked for so long, and so long after the login in any case.
SESSION_COOKIE_AGE = 60 * env.int("SESSION_IDLE_MINUTES", default=30)
SESSION_ENDS_AFTER = timedelta(hours=env.int("SESSION_HOURS", default=12))
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# So many wrong passwords or codes for one name from one address lock that pair for so long.
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURES", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOGIN_LOCKED_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "reconciliation.office.login.failures.address"
AXES_LOCKOUT_CALLABLE = "reconciliation.office.login.locked.page"
# Trying on doesn't lengthen it; and only the second step, where there is one, wipes the slate.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code", "current", "csrfmiddlewaretoken"]
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# -- REST framework: callbacks negotiate nothing, every reply is its protocol's own bytes -----

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}

# -- Admin -----------------------------------------------------------------------------------


def _page(model: str, title: str, icon: str) -> dict[str, object]:
    """A page in the sidebar, for those who may look at it."""
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{name}"),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Cage",
    "SITE_HEADER": "Cage",
    "SITE_SUBHEADER": "Wallet back office",
    "SITE_SYMBOL": "account_balance_wallet",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "reconciliation.office.dashboard.page.context",
    "ENVIRONMENT": "wallets.pages.environment",
    # Unfold would write its colours into every page as a <style>: ours are a file.
    "COLORS": lambda request: {},
    "STYLES": [
        lambda request: static("wallets/colours.css"),
        "wallets.pages.style",
        "reconciliation.office.search.views.style",
    ],
    "SCRIPTS": [
        lambda request: static("wallets/frame.js"),
        "reconciliation.office.search.views.script",
        "reconciliation.office.zones.viewing.script",
        "reconciliation.office.zones.viewing.keys",
    ],
    "ACCOUNT": {
        "navigation": [
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
            {"title": "One-time password", "link": reverse_lazy("set_up_one_time_password")},
        ],
    },
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "wallets.pages.icon"}],
    "SIDEBAR": {
        "navigation": [
            {
                "title": "",
                "items": [
                    {"title": "Dashboard", "icon": "dashboard", "link": reverse_lazy("admin:index")}
                ],
            },
            {
                "title": "Reconciliation",
                "items": [
                    {
                        **_page("reconciliation.case", "Cases", "fact_check"),
                        "active": lambda request: (
                            "/reconciliation/case/" in request.path
                            and request.GET.get("list") != "mine"
                        ),
                    },
                    {
                        **_page("reconciliation.case", "My cases", "assignment_ind"),
                        "link": format_lazy(
                            "{}?list=mine", reverse_lazy("admin:reconciliation_case_changelist")
                        ),
                        "active": lambda request: request.GET.get("list") == "mine",
                        "badge": "reconciliation.office.work.links.badge",
                        "badge_variant": "primary",
                    },
                    _page("reconciliation.statement", "Statements", "table_view"),
                    _page("reconciliation.statementformat", "Statement formats", "view_column"),
                    _page("reconciliation.adjustment", "Adjustments", "approval"),
                    _page("reconciliation.adjustmentlimit", "Adjustment limits", "speed"),
                    _page("reconciliation.export", "Exports", "download"),
                ],
            },
            {
                "title": "Money",
                "items": [
                    _page("wallets.player", "Players", "person"),
                    _page("wallets.wallet", "Wallets", "account_balance_wallet"),
                    _page("wallets.transaction", "Transactions", "receipt_long"),
                    _page("wallets.entry", "Entries", "list_alt"),
                ],
            },
            {
                "title": "Providers",
                "items": [
                    _page("providers.callback", "Callbacks", "inbox"),
                    _page("providers.unauthentic", "Unauthentic deliveries", "gpp_maybe"),
                ],
            },
            {
                "title": "Staff",
                "items": [
                    _page("auth.user", "Users", "badge"),
                    _page("auth.group", "Groups", "group"),
                    _page("admin.logentry", "Trail", "history"),
                ],
            },
            {
                "title": "Scheduler",
                "items": [_page("django_celery_beat.periodictask", "Periodic tasks", "schedule")],
            },
        ],
    },
}

# -- Logging: one line an event, JSON in production --------------------------------------------

_processors = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"mask_paths": {"()": "config.logs.MaskPaths"}},
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _processors,
            "processor": structlog.dev.ConsoleRenderer(colors=False)
            if DEBUG
            else structlog.processors.JSONRenderer(),
        },
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["mask_paths"],
        },
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "axes": {"level": "WARNING"},  # Every login is in its table already.
    },
}
