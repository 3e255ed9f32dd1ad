# Another base needs Python 3.11 to 3.13, with pip and venv; see docs/image.md.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
WORKDIR /app
COPY requirements.txt requirements-pictures.txt ./
# The environment needs no pip of its own.
RUN python3 -m venv --without-pip /opt/venv \
 && python3 -m pip --python /opt/venv/bin/python install --no-cache-dir \
    -r requirements.txt -r requirements-pictures.txt
COPY wsgi.py gunicorn.conf.py ./
COPY migrations migrations
COPY gridt gridt
# All users can read the files, whatever the umask of the checkout.
RUN chmod -R a+rX .

FROM ${BASE}
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data gridt \
 && install --directory --mode=700 --owner=gridt --group=gridt /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
# SQLite sorts large results in files, gridt writes long exports to files, and a read-only container
# may have no /tmp.
ENV PATH=/opt/venv/bin:$PATH \
    FLASK_APP=wsgi \
    GRIDT_BIND=0.0.0.0:5000 \
    GRIDT_DATABASE_URL=sqlite:////data/gridt.sqlite \
    GRIDT_MAIL_FOLDER=/data/mail \
    SQLITE_TMPDIR=/data \
    TMPDIR=/data
USER 10001
VOLUME /data
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['GRIDT_BIND'].rpartition(':')[2] + '/health', timeout=4)"]
CMD ["gunicorn"]
# This is the last layer, because it changes with each commit.
ARG BASE REVISION
LABEL org.opencontainers.image.title="gridt" \
      org.opencontainers.image.description="REST service of the gridt network" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
