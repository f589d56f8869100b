"""When and where: Prefect flows, command line, report. The only floor that imports Prefect."""

import os

# Before Prefect is imported anywhere: no telemetry, no outward call, quiet where nobody asked.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_UI_V2_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# A busy machine needs longer than the default 20 s to bring up the temporary server.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
# Two builds at once share one SQLite file: they wait for each other rather than fail.
os.environ.setdefault("PREFECT_SERVER_DATABASE_TIMEOUT", "120")
os.environ.setdefault("PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT", "120")
# Libraries that talk to the screen while a build shows its own lines.
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("GLOG_minloglevel", "3")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
# One thread a model: beyond the free cores, OpenMP barriers make small models 4-40 times slower (measured).
os.environ.setdefault("OMP_NUM_THREADS", "1")
INTERRUPTED = "interrupted; what was finished is kept"
"""What a command says that is ended by Ctrl-C or SIGTERM."""
