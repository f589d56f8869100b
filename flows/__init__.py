"""When and where: Prefect flows, command line, report. The only floor that imports Prefect."""

import os

from assets.child_process import bypass_proxies
from assets.paths import get_home

# All of this must be set before Prefect is imported anywhere. A variable that the user has set always wins.
# A home of our own: Fenshen never reads, migrates or fills the user's Prefect database. pyproject.toml names the same folder for
# the `prefect` commands that are started in a checkout.
os.environ.setdefault("PREFECT_HOME", str(get_home() / "prefect"))
# No telemetry, no outgoing calls.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_UI_V2_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# A studio's HTTP_PROXY is for other machines: the temporary server is on this one.
bypass_proxies()
# A server that stays up keeps the runs of the last 30 days.
os.environ.setdefault("PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", "events,flow_runs")
os.environ.setdefault("PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD", "2592000")
# A server that restarts is not the end of a run: the client tries again for about a minute.
os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "8")
os.environ.setdefault("PREFECT_CLIENT_RETRY_EXTRA_CODES", "500,502,503,504")
# automations.yaml takes a run without a heartbeat for two minutes as lost; Prefect's default is one in three minutes.
os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")
# A busy machine needs longer than the default 20 s to start the temporary server.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
# Two builds at once share one SQLite file: they wait for each other rather than fail.
os.environ.setdefault("PREFECT_SERVER_DATABASE_TIMEOUT", "120")
os.environ.setdefault("PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT", "120")
# Libraries that print to the terminal while a build shows its own lines.
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("GLOG_minloglevel", "3")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
# torch's compiler makes an empty folder where it is imported, by default in TMPDIR.
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(get_home() / "torchinductor"))
# One thread per model: with more threads than free cores, OpenMP barriers make small models 4-40 times slower (measured).
os.environ.setdefault("OMP_NUM_THREADS", "1")
INTERRUPTED = "interrupted; finished stages are kept"
"""The last line of a command that is ended by Ctrl-C or SIGTERM."""
