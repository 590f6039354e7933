"""The agent: workload server and open-loop prober; Python 3.11+, standard library only.

    python3 -I -S agent.pyz serve --bind 0.0.0.0:8080 --on-term drain
    python3 -I -S agent.pyz probe --spec spec.json --spool /spool --listen 0.0.0.0:9464
    python3 -I -S agent.pyz knock clusterip=10.96.0.1:443 dns=NAME/A peer=10.244.1.7:8080 gateway=
    python3 -I -S agent.pyz webhook --provider URL --audience NAME --cert-file C --key-file K
    python3 -I -S agent.pyz credentials --signing-key FILE --audience NAME
    python3 -I -S agent.pyz trial

Its modules import one another by relative imports and nothing else of the project. `pack.py` makes
the zip application out of them that runs in pods and on this machine; it is not in the zip itself.

Probing
    Each stream has intended times t0 + k*T on the monotonic clock, t0 with a random phase. The
    next probe never waits for the last answer. Latency counts from the *intended* time. Every
    slot becomes one sample: an answer, a failure, a timeout, or `not-sent` when the prober itself
    was in the way (too much in flight, out of sockets, or so late that the slot has lost its
    meaning). asyncio runs what is slow and rare; probes use non-blocking sockets that the selector
    of the event loop serves by itself. Streams of one observer are spread over their interval;
    those of different observers share slots where they can, so that one wake-up serves several.

Knocking
    A new pod tries its network every 10 ms from its first moment on, writes down when it had it,
    and ends: see knock.py.

Spec (JSON)
    {"run": ID, "token": TOKEN, "streams": [STREAM, ...]}
    STREAM, all kinds: observer, name, kind, interval_s, timeout_s
    kind http:       url, connection (new|reused), method, headers, body, expect ([status, ...]),
                     body_has, ca_file, cert_file, key_file, token, insecure, server_name,
                     means ([{status: [...], body_has, outcome}, ...]: what other answers amount
                     to, the first that fits; without one, 4xx, 5xx or bad-answer by the status).
                     `{seq}` in the body is replaced by the number of the probe.
    kind dns:        qname, qtype (A|AAAA), expect (answer|noerror|nxdomain), server,
                     connection (new|reused): a new socket each, or one that is kept
    kind dns-search: qname, server, search, ndots: what a libc does for a short name
    kind watch:      url of the collection, object, writer (name of the http stream of the same
                     observer whose bodies carry `{seq}` as data.seq), and the TLS fields of http
    kind scrape:     reads numbers in Prometheus' text format: url, metrics (the names to keep; of
                     a histogram NAME_bucket), keep_labels (which labels stay; all by default, and
                     values that then have the same labels are added up), drop (pairs LABEL=VALUE
                     of lines to leave out), token_file (a token that is read again once a
                     minute), and connection, headers and the TLS fields of http

    In all settings `{node_name}` and `{node_ip}` stand for the agent's own node, as the environment
    variables NODE_NAME and NODE_IP name it.

Spool
    SPOOL/RUN/BOOT/ with RUN from the spec and BOOT the machine's boot id, because the monotonic
    clock starts at zero with each boot:
      meta.json      streams (in the order of the spec), outcome labels, clocks, record format
      backends.txt   one name of a backend per line; the first line is empty (unknown)
      OBSERVER.NAME.rec   records as layout.py describes them, in the order of completion
      OBSERVER.NAME.series    of a scrape: one series per line, as JSON [METRIC, {LABEL: VALUE}]
      OBSERVER.NAME.readings  its values as layout.py describes them; `series` counts those lines
    A prober that is restarted appends. Folders of other runs are deleted.

Deployments that come and go
    webhook      HTTPS: POST /mutate takes an AdmissionReview of a pod and gives its containers a
                 token for the audience and the provider's URL; GET /readyz
    credentials  POST /issue takes {"token": TOKEN} of a service account, checks it with the keys
                 that the API server shows, and answers {"credential": TOKEN}, signed with its own
                 key; GET /readyz is 503 until it has the cluster's keys
    trial        exchanges its token at its start; every path answers 503 until that is done, then
                 200 with the credential; GET /state answers 200 at any time

Admin endpoint (HTTP)
    GET /readyz is open to everyone and says only that the prober listens. All else needs the spec's
    token in the header of layout.TOKEN_HEADER, and is refused with 403 without it:
    GET /clock, GET /status, GET /spool, GET /spool/BOOT/FILE?from=OFFSET (at most 1 MiB),
    POST /stop (no new probes; answers when all are in; holds across restarts)
"""
